import type { Client, LabelAgents, Selection } from "@muster/protocol/http";
import { parseLabel, parseList } from "../arguments/labels.ts";
import { parseCount } from "../arguments/numbers.ts";
import { argument, usage } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { FILTER_HELP } from "./filter-help.ts";

export function labelCommand(terminal: Terminal) {
  return serverCommand("label")
    .description("set and remove labels of agents; they win over what the agents say of themselves")
    .argument("<changes...>", "key=value to set it, key- to remove it")
    .option("--agents <ids>", "these agents, separated by commas", argument(parseList))
    .option("--filter <filter>", "all agents that match, see below")
    .option("--expect <count>", "with --filter: refuse if another number matches", argument(parseCount(0)))
    .option("--dry-run", "only say how many would change")
    .option("--yes", "do not ask")
    .addHelpText("after", FILTER_HELP)
    .action(async (changes, options) => {
      const request = { selection: selectionOf(options), ...changesOf(changes) };
      const client = await connect(options, terminal);
      const dryRun = options.dryRun ?? false;
      const isAsked = terminal.interactive && !options.yes && !dryRun && options.expect === undefined;
      const confirmed = isAsked ? await confirm(terminal, client, request) : request;
      const labelled = await client.agents.label({ ...confirmed, dryRun });
      const verb = dryRun ? "would get" : "got";
      reportOn(terminal, options.json ?? false).result(
        labelled,
        () => `${labelled.changed} of ${labelled.matched} agents ${verb} other labels.\n`,
      );
    });
}

interface Who {
  readonly agents?: readonly string[] | undefined;
  readonly filter?: string | undefined;
  readonly expect?: number | undefined;
}

function selectionOf({ agents, filter, expect }: Who): Selection {
  if ((agents === undefined) === (filter === undefined)) {
    throw usage("Say which agents, with either --agents or --filter.");
  }
  if (agents !== undefined) return { kind: "agents", ids: [...agents] };
  return { kind: "filter", filter: filter ?? "", expected: expect };
}

/** `key=value` and `key-`. */
function changesOf(changes: readonly string[]): Pick<LabelAgents, "set" | "remove"> {
  const removed = changes.filter((change) => !change.includes("=") && change.endsWith("-"));
  const set = changes.filter((change) => !removed.includes(change)).map(parseLabel);
  return { set: Object.fromEntries(set), remove: removed.map((change) => change.slice(0, -1)) };
}

/** Many agents are a lot to do by a slip of the hand: what is confirmed is their number. */
async function confirm(terminal: Terminal, client: Client, request: LabelAgents): Promise<LabelAgents> {
  const { selection } = request;
  if (selection.kind === "agents") return request;
  const { matched, changed } = await client.agents.label({ ...request, dryRun: true });
  const answer = await terminal.ask(
    `This changes the labels of ${changed} of ${matched} agents. Type the number of agents that match to go on: `,
  );
  if (answer.trim() !== String(matched)) throw usage("Not confirmed; nothing was changed.");
  return { ...request, selection: { ...selection, expected: matched } };
}
