import { Command } from "@commander-js/extra-typings";
import type { RolloutVerb } from "@muster/protocol/http";
import { parseCount } from "../arguments/numbers.ts";
import { argument } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { DEFAULT_LIMIT, readList } from "../connection/read-list.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { problemTable } from "./problems.ts";
import { describeRollout, rolloutTable, stateText, verbText } from "./rollout-text.ts";
import { createCommand, previewCommand } from "./start.ts";
import { targetsCommand } from "./targets.ts";
import { watchCommand } from "./watch.ts";

const VERBS: Readonly<Record<RolloutVerb, string>> = {
  pause: "give the update to no further agent",
  resume: "go on after a pause or a halt",
  approve: "let the next wave open",
  cancel: "end the rollout; what is under way runs to its end",
  retry: "try failed targets again",
  roll_back: "return the updated agents to their version before; also after the rollout has ended",
};

export function rolloutCommands(terminal: Terminal) {
  const group = new Command("rollout")
    .description("bring agents to a release, in waves")
    .addCommand(previewCommand(terminal))
    .addCommand(createCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(statusCommand(terminal))
    .addCommand(targetsCommand(terminal))
    .addCommand(watchCommand(terminal));
  for (const verb of Object.keys(VERBS) as RolloutVerb[]) group.addCommand(verbCommand(terminal, verb));
  return group;
}

function listCommand(terminal: Terminal) {
  return serverCommand("list")
    .description("list rollouts, newest first")
    .option("--state <state>", "only those in this state")
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT)
    .action(async ({ state, limit, ...options }) => {
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      const page = await readList((query) => client.rollouts.list({ state, ...query }), { limit, report });
      report.result(page, () => rolloutTable(terminal, page.items));
    });
}

function statusCommand(terminal: Terminal) {
  return serverCommand("status")
    .description("show how a rollout stands, what went wrong, and what can be done")
    .argument("<id>", "the rollout's id")
    .action(async (id, options) => {
      const client = await connect(options, terminal);
      const rollout = await client.rollouts.get(id);
      const json = options.json ?? false;
      const problems = json ? "" : await problemTable(terminal, client, rollout);
      reportOn(terminal, json).result(
        rollout,
        () => describeRollout(terminal, rollout) + problems + verbText(rollout),
      );
    });
}

function verbCommand(terminal: Terminal, verb: RolloutVerb) {
  return serverCommand(verb.replace("_", "-"))
    .description(VERBS[verb])
    .argument("<id>", "the rollout's id")
    .action(async (id, options) => {
      const client = await connect(options, terminal);
      const rollout = await client.rollouts.act(id, verb);
      reportOn(terminal, options.json ?? false).result(
        rollout,
        () => `Rollout ${rollout.id} is ${stateText(rollout)}.\n`,
      );
    });
}
