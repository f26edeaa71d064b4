import { Command, Option } from "@commander-js/extra-typings";
import { MusterError } from "@muster/core";
import type { AuditRecordView } from "@muster/protocol/http";
import { parseCount } from "../arguments/numbers.ts";
import { parseSince } from "../arguments/since.ts";
import { argument } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { DEFAULT_LIMIT, readList } from "../connection/read-list.ts";
import { formatTime } from "../terminal/format.ts";
import { reportOn } from "../terminal/report.ts";
import { table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { exportTo } from "./export.ts";

export function auditCommands(terminal: Terminal) {
  return new Command("audit")
    .description("the audit log: who did what, and proof that nobody changed it")
    .addCommand(listCommand(terminal))
    .addCommand(exportCommand(terminal))
    .addCommand(verifyCommand(terminal))
    .addCommand(headCommand(terminal));
}

/** A command that looks at a part of the log. */
function filteredCommand(name: string, terminal: Terminal) {
  const moment = argument(parseSince(terminal.now));
  return serverCommand(name)
    .option("--actor <name>", "only what this user or token did")
    .option("--action <action>", "only this, such as rollout.pause or rollout.*")
    .option("--resource <resource>", "only on this: a kind, or kind/id")
    .option("--since <time>", "from this on: 2030-01-31T22:00:00Z, or how long ago: 7d", moment)
    .option("--until <time>", "before this", moment);
}

function listCommand(terminal: Terminal) {
  return filteredCommand("list", terminal)
    .description("list records, newest first")
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT)
    .action(async ({ actor, action, resource, since, until, ...options }) => {
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      const filter = { actor, action, resource, since, until };
      const page = await readList((query) => client.audit.list({ ...query, ...filter }), {
        limit: options.limit,
        report,
      });
      report.result(page, () => recordTable(terminal, page.items));
    });
}

function recordTable({ stdout }: Terminal, records: readonly AuditRecordView[]): string {
  return table(
    stdout,
    [
      { title: "NO", value: ({ sequence }) => sequence },
      { title: "TIME", value: ({ at }) => formatTime(at) },
      { title: "WHO", value: ({ actor }) => actor.name },
      { title: "FROM", value: ({ from }) => from?.address ?? null },
      { title: "ACTION", value: ({ action }) => action, style: ({ action }) => styleOf(action) },
      { title: "ON", value: ({ resource }) => resource && `${resource.kind}/${resource.id}` },
      { title: "DETAILS", value: ({ details }) => detailsText(details) },
    ],
    records,
  );
}

function styleOf(action: string) {
  return action.endsWith(".refused") || action.endsWith(".refuse") ? "red" : null;
}

function detailsText(details: AuditRecordView["details"]): string {
  return Object.entries(details)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${name}=${typeof value === "object" ? value?.join("+") : String(value)}`)
    .join(" ");
}

function exportCommand(terminal: Terminal) {
  return filteredCommand("export", terminal)
    .description("write records out, oldest first")
    .addOption(
      new Option("--format <format>", "csv for a spreadsheet, ndjson with everything in it")
        .choices(["csv", "ndjson"] as const)
        .default("ndjson" as const),
    )
    .option("--output <file>", "a new file to write to; standard output if left out")
    .action(async ({ actor, action, resource, since, until, format, output, ...options }) => {
      const client = await connect(options, terminal);
      const query = { actor, action, resource, since, until, format };
      const body = await client.audit.export(query, { signal: terminal.signal });
      const bytes = await exportTo(terminal, body, output);
      const report = reportOn(terminal, options.json ?? false);
      if (output !== undefined) report.result({ output, bytes }, () => `Wrote ${output} (${bytes} bytes).\n`);
    });
}

function verifyCommand(terminal: Terminal) {
  return serverCommand("verify")
    .description("recompute the chain of records; fails if one was changed, removed or put elsewhere")
    .option("--expect <head>", "a head that `muster audit head` has printed before")
    .action(async (options) => {
      const client = await connect(options, terminal);
      const result = await client.audit.verify(options.expect?.trim(), { signal: terminal.signal });
      if (result.kind === "broken") {
        const { sequence, problem, checked } = result;
        throw new MusterError("AUDIT_CHAIN_BROKEN", { record: sequence, problem, checked });
      }
      const { head, from, checked, anchor } = result;
      reportOn(terminal, options.json ?? false).result(result, () => {
        const older = from.sequence === 0 ? "" : ` Records up to ${from.sequence} were removed with age.`;
        return `Intact: ${checked} records, up to ${head.sequence}.${older}${ANCHORS[anchor]}\n`;
      });
    });
}

const ANCHORS = {
  none: " Without --expect, a log that was made anew as a whole is not found out.",
  met: " The expected head is in it.",
  pruned: " The expected head is older than what is left.",
} as const;

function headCommand(terminal: Terminal) {
  return serverCommand("head")
    .description("print the end of the chain, to keep where the server's administrator cannot change it")
    .action(async (options) => {
      const client = await connect(options, terminal);
      const head = await client.audit.head({ signal: terminal.signal });
      const report = reportOn(terminal, options.json ?? false);
      report.result(head, () => `${head.sequence}:${head.hash}\n`);
      report.remark("Later: muster audit verify --expect <this line>");
    });
}
