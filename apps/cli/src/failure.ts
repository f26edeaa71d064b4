import { ERROR_REGISTRY, type ErrorDetails, type MusterError } from "@muster/core";
import type { Output } from "./terminal/terminal.ts";
import { paint, plain } from "./terminal/text.ts";

/** Says what went wrong and what to do about it: for people, or as JSON. */
export function printFailure(stderr: Output, error: MusterError, json: boolean): void {
  const { code, details, help } = error;
  if (json) {
    const { meaning } = ERROR_REGISTRY[code];
    stderr.write(`${JSON.stringify({ code, message: meaning, help, details })}\n`);
    return;
  }
  stderr.write(`${paint(stderr, "red", `error ${code}`)}: ${plain(sentence(error))}\n${plain(help)}\n`);
}

function factText(value: ErrorDetails[string]): string {
  if (typeof value !== "object" || value === null) return String(value);
  return value.length === 0 ? "none" : value.join(", ");
}

/** The meaning, then what exactly the problem is, then the other facts. */
function sentence({ code, details }: MusterError): string {
  const { problem, ...others } = details;
  const facts = Object.entries(others).map(([name, value]) => `${name}: ${factText(value)}`);
  const tail = facts.length === 0 ? "" : ` (${facts.join(", ")})`;
  return `${ERROR_REGISTRY[code].meaning}${problem === undefined ? "" : `: ${String(problem)}`}${tail}`;
}
