import { formatTime } from "../terminal/format.ts";
import type { Output } from "../terminal/terminal.ts";
import { cut, paint, plain } from "../terminal/text.ts";
import type { FieldChange } from "./changes.ts";
import type { DocumentResult } from "./apply-documents.ts";

const DONE = { create: "created", change: "changed", unchanged: "unchanged" } as const;
const WOULD = { create: "would be created", change: "would be changed", unchanged: "unchanged" } as const;
const STYLES = { create: "green", change: "yellow", unchanged: "dim" } as const;
const VALUE_MAX = 120;
const TIMES: ReadonlySet<string> = new Set(["from", "until", "startAt"]);

/** What became of a document, and field by field what is another. */
export function describeResult(output: Output, result: DocumentResult, dryRun: boolean): string {
  const { kind, name, action, changes, id, secret } = result;
  const what = (dryRun ? WOULD : DONE)[action];
  const head = `${plain(`${kind}/${name}`)} ${paint(output, STYLES[action], what)}${id === undefined ? "" : ` (${plain(id)})`}`;
  const secretLine = secret === undefined ? [] : [`  secret, shown only now: ${plain(secret)}`];
  return `${[head, ...changes.map(changeText), ...secretLine].join("\n")}\n`;
}

function changeText({ field, before, after }: FieldChange): string {
  const text = (value: unknown) =>
    typeof value === "number" && TIMES.has(field)
      ? formatTime(value)
      : cut(plain(JSON.stringify(value)), VALUE_MAX);
  const from = before === undefined ? "" : `${text(before)} -> `;
  return `  ${plain(field)}: ${from}${text(after)}`;
}
