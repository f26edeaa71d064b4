import type { Output } from "../terminal/terminal.ts";
import { cut, paint, plain } from "../terminal/text.ts";
import type { FieldChange } from "./changes.ts";
import type { DocumentResult } from "./apply-documents.ts";

const DONE = { create: "created", change: "changed", unchanged: "unchanged" } as const;
const WOULD = { create: "would be created", change: "would be changed", unchanged: "unchanged" } as const;
const STYLES = { create: "green", change: "yellow", unchanged: "dim" } as const;
const VALUE_MAX = 120;

/** What became of a document, and field by field what is another. */
export function describeResult(output: Output, result: DocumentResult, dryRun: boolean): string {
  const { kind, name, action, changes, id, secret } = result;
  const what = (dryRun ? WOULD : DONE)[action];
  const head = `${plain(`${kind}/${name}`)} ${paint(output, STYLES[action], what)}${id === undefined ? "" : ` (${plain(id)})`}`;
  const secretLine = secret === undefined ? [] : [`  secret, shown only now: ${plain(secret)}`];
  return `${[head, ...changes.map(changeText), ...secretLine].join("\n")}\n`;
}

function changeText({ field, before, after }: FieldChange): string {
  const from = before === undefined ? "" : `${valueText(before)} -> `;
  return `  ${plain(field)}: ${from}${valueText(after)}`;
}

function valueText(value: unknown): string {
  return cut(plain(JSON.stringify(value)), VALUE_MAX);
}
