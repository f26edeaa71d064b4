import { parseRunArguments } from "../arguments/run-arguments.ts";
import type { Census } from "../fleet/census.ts";
import { childPart } from "./child-part.ts";
import { ownPart } from "./own-part.ts";
import { run, type Phase } from "./run.ts";
import { censusLine } from "./show-census.ts";

/** Where a command writes, and how it learns that it is to end. */
export interface CommandContext {
  /** This program's file. */
  readonly program: string;
  readonly stdout: { write(text: string): unknown; readonly isTTY: boolean };
  readonly signal: AbortSignal;
}

/** A person who does not see the last line replaced is not shown more than this. */
const LINE_EVERY_MS = 5000;

/** `muster-simulator run`; throws `USAGE_INVALID` and what stops a run. */
export async function runCommand(args: readonly string[], context: CommandContext): Promise<void> {
  const { program, stdout, signal } = context;
  const options = parseRunArguments(args);
  const show = options.json ? jsonLines(stdout) : textLines(stdout);
  const makePart =
    options.processes === 1
      ? ownPart
      : (...[own, slice]: Parameters<typeof ownPart>) => childPart(program, own, slice);
  const last = await run(options, { makePart, show, signal });
  if (!options.json) stdout.write(`\n${censusLine(last, "running")}\n`);
}

function jsonLines(stdout: CommandContext["stdout"]) {
  return (census: Census, phase: Phase) => {
    stdout.write(`${JSON.stringify({ at: Date.now(), phase, ...census })}\n`);
  };
}

function textLines(stdout: CommandContext["stdout"]) {
  let shownAt = Number.NEGATIVE_INFINITY;
  let shownPhase: Phase | null = null;
  return (census: Census, phase: Phase) => {
    const line = censusLine(census, phase);
    const now = performance.now();
    if (stdout.isTTY) stdout.write(`\r\u001b[2K${line}`);
    else if (phase !== shownPhase || now - shownAt >= LINE_EVERY_MS) {
      stdout.write(`${line}\n`);
      shownAt = now;
      shownPhase = phase;
    }
  };
}
