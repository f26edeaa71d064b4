import { Command } from "@commander-js/extra-typings";
import { agentTable } from "../agents/agent-text.ts";
import { FILTER_HELP } from "../agents/filter-help.ts";
import { parseList } from "../arguments/labels.ts";
import { parseCount, parsePriority } from "../arguments/numbers.ts";
import { argument, usage } from "../arguments/usage.ts";
import { parseName } from "../arguments/version.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { DEFAULT_LIMIT, readList } from "../connection/read-list.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { clearCommand, followCommand, pinCommand, unsetCommand } from "./desired.ts";
import { describeGroup, describeStatus, groupTable, previewText } from "./group-text.ts";

export function groupCommands(terminal: Terminal) {
  return new Command("group")
    .description("groups of agents: who is in them, and what they are to run")
    .addCommand(createCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(showCommand(terminal))
    .addCommand(statusCommand(terminal))
    .addCommand(editCommand(terminal))
    .addCommand(removeCommand(terminal))
    .addCommand(membersCommand(terminal))
    .addCommand(previewCommand(terminal))
    .addCommand(followCommand(terminal))
    .addCommand(pinCommand(terminal))
    .addCommand(clearCommand(terminal))
    .addCommand(unsetCommand(terminal));
}

const PRIORITY = "of several groups that say what an agent runs, the one with the highest does";

function createCommand(terminal: Terminal) {
  return serverCommand("create")
    .description("make a group: by a rule, or with named members")
    .argument("<name>", "its name", argument(parseName))
    .option("--rule <filter>", "who matches is in it, from now on")
    .option("--agents <ids>", "these agents, separated by commas", argument(parseList))
    .option("--description <text>", "what it is for")
    .option("--priority <number>", PRIORITY, argument(parsePriority))
    .addHelpText("after", FILTER_HELP)
    .action(async (name, { rule, agents, description, priority, ...options }) => {
      if (rule !== undefined && agents !== undefined) throw usage("Give --rule or --agents, not both.");
      const client = await connect(options, terminal);
      const created = await client.groups.create({ name, description, rule, priority });
      const group =
        agents === undefined ? created : await client.groups.changeMembers(created.id, { add: [...agents] });
      reportOn(terminal, options.json ?? false).result(group, () => describeGroup(terminal, group));
    });
}

function listCommand(terminal: Terminal) {
  return serverCommand("list")
    .description("list groups, by priority")
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT)
    .action(async ({ limit, ...options }) => {
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      const page = await readList((query) => client.groups.list(query), { limit, report });
      report.result(page, () => groupTable(terminal, page.items));
    });
}

function showCommand(terminal: Terminal) {
  return serverCommand("show")
    .description("show one group")
    .argument("<group>", "its name or id")
    .action(async (name, options) => {
      const client = await connect(options, terminal);
      const group = await client.groups.get(name);
      reportOn(terminal, options.json ?? false).result(group, () => describeGroup(terminal, group));
    });
}

function statusCommand(terminal: Terminal) {
  return serverCommand("status")
    .description("show what a group's agents are to run, how many do, and why the others do not")
    .argument("<group>", "its name or id")
    .action(async (name, options) => {
      const client = await connect(options, terminal);
      const status = await client.groups.status(name);
      reportOn(terminal, options.json ?? false).result(status, () => describeStatus(terminal, status));
    });
}

function editCommand(terminal: Terminal) {
  return serverCommand("edit")
    .description("change a group; what is not given stays as it is")
    .argument("<group>", "its name or id")
    .option("--name <name>", "another name", argument(parseName))
    .option("--rule <filter>", "who matches is in it, from now on")
    .option("--drop-rule", "those who are in it now stay, by name")
    .option("--description <text>", "what it is for")
    .option("--priority <number>", PRIORITY, argument(parsePriority))
    .action(async (id, { rule, dropRule, name, description, priority, ...options }) => {
      if (rule !== undefined && dropRule) throw usage("Give --rule or --drop-rule, not both.");
      const client = await connect(options, terminal);
      const change = { name, description, rule: dropRule ? null : rule, priority };
      const group = await client.groups.update(id, change);
      reportOn(terminal, options.json ?? false).result(group, () => describeGroup(terminal, group));
    });
}

function removeCommand(terminal: Terminal) {
  return serverCommand("remove")
    .description("remove a group; its agents keep what they run")
    .argument("<group>", "its name or id")
    .action(async (group, options) => {
      const client = await connect(options, terminal);
      await client.groups.remove(group);
      reportOn(terminal, options.json ?? false).result(
        { group, removed: true },
        () => `Removed group ${group}.\n`,
      );
    });
}

function membersCommand(terminal: Terminal) {
  return serverCommand("members")
    .description("list a group's agents; with --add and --remove, change those of a group without a rule")
    .argument("<group>", "its name or id")
    .option("--add <ids>", "these agents too, separated by commas", argument(parseList))
    .option("--remove <ids>", "these agents no more, separated by commas", argument(parseList))
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT)
    .action(async (name, { add, remove, limit, ...options }) => {
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      if (add !== undefined || remove !== undefined) {
        const change = { add: [...(add ?? [])], remove: [...(remove ?? [])] };
        const group = await client.groups.changeMembers(name, change);
        report.result(group, () => describeGroup(terminal, group));
        return;
      }
      const filter = `group:${JSON.stringify(name)}`;
      const page = await readList((query) => client.agents.list({ filter, ...query }), { limit, report });
      report.result(page, () => agentTable(terminal, page.items));
    });
}

function previewCommand(terminal: Terminal) {
  return serverCommand("preview")
    .description("show who would be in a group with this rule, without changing anything")
    .argument("<rule>", "the rule")
    .option("--group <group>", "the group whose rule it would become")
    .addHelpText("after", FILTER_HELP)
    .action(async (rule, { group, ...options }) => {
      const client = await connect(options, terminal);
      const preview = await client.groups.preview({ rule, group });
      reportOn(terminal, options.json ?? false).result(preview, () => previewText(preview));
    });
}
