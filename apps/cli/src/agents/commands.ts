import { Command } from "@commander-js/extra-typings";
import type { AgentQuery } from "@muster/protocol/http";
import { parseCount } from "../arguments/numbers.ts";
import { argument, usage } from "../arguments/usage.ts";
import { parseName, parseVersionArgument } from "../arguments/version.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { DEFAULT_LIMIT, readList } from "../connection/read-list.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { agentTable, describeAgent } from "./agent-text.ts";
import { FILTER_HELP } from "./filter-help.ts";
import { labelCommand } from "./label.ts";
import { runCommand } from "./run.ts";

export function agentCommands(terminal: Terminal) {
  return new Command("agents")
    .description("list agents, show one, lock one out")
    .addCommand(listCommand(terminal), { isDefault: true })
    .addCommand(showCommand(terminal))
    .addCommand(labelCommand(terminal))
    .addCommand(runCommand(terminal))
    .addCommand(forgiveCommand(terminal))
    .addCommand(revokeCommand(terminal));
}

function listCommand(terminal: Terminal) {
  return serverCommand("list")
    .description("list agents (what `muster agents` does)")
    .option("--filter <filter>", "only those that match, see below")
    .option("--labels <expression>", "only those that match, e.g. env=production,os!=windows")
    .option("--product <name>", "only of this product", argument(parseName))
    .option("--version <version>", "only those that run this version", argument(parseVersionArgument))
    .option("--state <state>", "only those whose latest update is in this state")
    .option("--search <text>", "only those with this text in their hostname or id")
    .option("--online", "only those that are connected")
    .option("--offline", "only those that are not connected")
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT)
    .addHelpText("after", FILTER_HELP)
    .action(async (options) => {
      const filter = {
        filter: options.filter,
        labels: options.labels,
        product: options.product,
        version: options.version,
        state: options.state,
        search: options.search,
        online: onlineFilter(options),
      };
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      const { limit } = options;
      const page = await readList((query) => client.agents.list({ ...filter, ...query }), { limit, report });
      report.result(page, () => agentTable(terminal, page.items));
    });
}

function onlineFilter({
  online,
  offline,
}: {
  readonly online?: true;
  readonly offline?: true;
}): AgentQuery["online"] {
  if (online && offline) throw usage("Give --online or --offline, not both.");
  if (online) return "true";
  return offline ? "false" : undefined;
}

function showCommand(terminal: Terminal) {
  return serverCommand("show")
    .description("show one agent and its latest updates")
    .argument("<id>", "the agent's id")
    .option("--history <count>", "how many updates to show", argument(parseCount(1)), 10)
    .action(async (id, options) => {
      const client = await connect(options, terminal);
      const [agent, targets, desired] = await Promise.all([
        client.agents.get(id),
        client.agents.targets(id, { limit: options.history }),
        client.agents.desired(id),
      ]);
      reportOn(terminal, options.json ?? false).result({ ...agent, targets: targets.items, desired }, () =>
        describeAgent(terminal, { agent, desired, targets: targets.items }),
      );
    });
}

function forgiveCommand(terminal: Terminal) {
  return serverCommand("forgive")
    .description("offer a repaired host again what it has rolled back")
    .argument("<id>", "the agent's id")
    .action(async (id, options) => {
      const client = await connect(options, terminal);
      const agent = await client.agents.forgive(id);
      reportOn(terminal, options.json ?? false).result(
        agent,
        () => `${agent.id} (${agent.hostname}) is offered every release again.\n`,
      );
    });
}

function revokeCommand(terminal: Terminal) {
  return serverCommand("revoke")
    .description("lock an agent out for good, as when its host is lost")
    .argument("<id>", "the agent's id")
    .option("--yes", "do not ask")
    .action(async (id, options) => {
      const client = await connect(options, terminal);
      if (!options.yes && terminal.interactive) {
        const answer = await terminal.ask(`This cannot be undone. Type the agent's id to revoke it: `);
        if (answer.trim() !== id) throw usage("Not confirmed; nothing was changed.");
      }
      const agent = await client.agents.revoke(id);
      reportOn(terminal, options.json ?? false).result(
        agent,
        () => `Revoked ${agent.id} (${agent.hostname}).\n`,
      );
    });
}
