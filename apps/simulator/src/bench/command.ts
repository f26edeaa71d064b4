import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseBenchArguments } from "../arguments/bench-arguments.ts";
import type { CommandContext } from "../run/command.ts";
import { bench } from "./bench.ts";
import { createCleanup, type Cleanup } from "./cleanup.ts";
import { reachesGoal } from "./figure.ts";
import { reportJson, reportText, type BenchReport } from "./report.ts";
import { thisMachine } from "./system/machine.ts";

export interface BenchContext extends CommandContext {
  /** The repository's root. */
  readonly project: string;
  /** Where progress is told. */
  readonly stderr: { write(text: string): unknown };
}

/**
 * `muster-simulator bench`: the table on standard output, progress on standard error, the figures in a file. Resolves
 * with whether every goal was reached; false too if it was interrupted.
 */
export async function benchCommand(args: readonly string[], context: BenchContext): Promise<boolean> {
  const options = parseBenchArguments(args);
  const startedAt = performance.now();
  const machine = thisMachine();
  const tell = (line: string) => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    context.stderr.write(`${seconds.padStart(4)} s  ${line}\n`);
  };
  const folder = await mkdtemp(join(tmpdir(), "muster-bench-"));
  const cleanup = createCleanup();
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  const { project, program, signal, stdout } = context;
  const { profileFolder } = options;
  const working = bench(options, { project, program, folder, profileFolder, cleanup, tell });
  const figures = await orInterrupted(working, { signal, cleanup });
  if (figures === null) {
    tell("interrupted; every process is ended");
    return false;
  }
  const { agents, streams } = options;
  const at = new Date().toISOString();
  const report: BenchReport = { schema: 1, at, machine, agents, streams, figures };
  const file = options.jsonFile ?? join(project, "bench-results", `${at.replaceAll(":", "-")}.json`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, reportJson(report));
  stdout.write(`\n${reportText(report)}\nFigures: ${file}\n`);
  return figures.every((figure) => reachesGoal(figure) !== false);
}

/** The result, or null if it was interrupted; everything that was started is ended in any case. */
async function orInterrupted<T>(
  working: Promise<T>,
  { signal, cleanup }: { readonly signal: AbortSignal; readonly cleanup: Cleanup },
): Promise<T | null> {
  const interrupted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  // What is still under way fails when its processes end; nobody waits for it any more.
  working.catch(() => undefined);
  try {
    return await Promise.race([working, interrupted]);
  } finally {
    await cleanup.run();
  }
}
