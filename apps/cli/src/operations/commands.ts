import { Command } from "@commander-js/extra-typings";
import type { OperationView } from "@muster/protocol/http";
import { parseCount } from "../arguments/numbers.ts";
import { argument } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { DEFAULT_LIMIT, readList } from "../connection/read-list.ts";
import { formatTime } from "../terminal/format.ts";
import { reportOn } from "../terminal/report.ts";
import { facts, table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";

export function operationCommands(terminal: Terminal) {
  return new Command("operation")
    .description("what was asked of single machines with `muster apply`, and how it went")
    .addCommand(listCommand(terminal))
    .addCommand(showCommand(terminal));
}

function listCommand(terminal: Terminal) {
  return serverCommand("list")
    .description("list operations, newest first")
    .option("--agent <id>", "only those on this agent")
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT)
    .action(async ({ agent, limit, ...options }) => {
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      const page = await readList((query) => client.operations.list({ agentId: agent, ...query }), {
        limit,
        report,
      });
      report.result(page, () =>
        table(
          terminal.stdout,
          [
            { title: "NAME", value: ({ metadata }) => metadata.name },
            { title: "MACHINE", value: ({ spec }) => spec.machineRef },
            { title: "VERSION", value: ({ status }) => status.version },
            { title: "PHASE", value: ({ status }) => status.phase },
            { title: "WHY", value: whyOf },
          ],
          page.items,
        ),
      );
    });
}

function showCommand(terminal: Terminal) {
  return serverCommand("show")
    .description("show one operation and its conditions")
    .argument("<name>", "its name")
    .action(async (name, options) => {
      const client = await connect(options, terminal);
      const operation = await client.operations.get(name);
      reportOn(terminal, options.json ?? false).result(operation, () =>
        describeOperation(terminal, operation),
      );
    });
}

function describeOperation({ stdout }: Terminal, { metadata, spec, status }: OperationView): string {
  const head = facts(stdout, [
    ["Operation", metadata.name],
    ["Machine", `${spec.machineRef} (agent ${status.agentId})`],
    ["Update", `${status.product} ${status.fromVersion ?? "?"} -> ${status.version}`],
    ["Address", spec.parameters.downloadURL ?? null],
    ["Phase", status.phase],
    ["Rollout", status.rolloutId],
    ["Asked for", `${formatTime(metadata.createdAt)} by ${metadata.createdBy}`],
  ]);
  const conditions = table(
    stdout,
    [
      { title: "CONDITION", value: ({ type }) => type },
      { title: "STATUS", value: (condition) => condition.status },
      { title: "REASON", value: ({ reason }) => reason },
      { title: "SINCE", value: ({ lastTransitionTime }) => formatTime(lastTransitionTime) },
      { title: "MESSAGE", value: ({ message }) => message },
    ],
    status.conditions,
  );
  return `${head}\n${conditions}`;
}

/** The newest thing there is to say. */
function whyOf({ status }: OperationView): string | null {
  return status.conditions.at(-1)?.message ?? null;
}
