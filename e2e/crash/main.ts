// `npm run test:crash`: the table on standard output, progress on standard error.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseCrashArguments, UsageError, USAGE } from "./arguments.ts";
import { missingRequirements } from "./requirements.ts";
import { shareOf, tableOf } from "./row.ts";
import { runCrashTest } from "./run.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const options = parseCrashArguments(process.argv.slice(2));
    if (options === null) {
      console.log(USAGE);
      return 0;
    }
    const missing = missingRequirements();
    if (missing.length > 0) {
      console.error(`The crash matrix needs what is not here: ${missing.join(", ")}.`);
      return 2;
    }
    return await inFolder((folder) => run(folder, options));
  } catch (error) {
    console.error(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : error);
    return 2;
  }
}

async function run(folder: string, options: NonNullable<ReturnType<typeof parseCrashArguments>>) {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  const tell = (line: string) => console.error(`${seconds().toFixed(0).padStart(4)} s  ${line}`);
  const stop = interrupted();
  const { rows, controls, problems } = await runCrashTest(options, { project: PROJECT, folder, tell, stop });
  if (rows.length > 0) console.log(tableOf(rows));
  if (controls.length > 0) console.log(`\nControls:\n${controls.map((line) => `  ${line}`).join("\n")}`);
  const lost = rows.flatMap((row) => row.lost.map((why) => `${row.layer}, ${row.scenario}: ${why}`));
  for (const why of lost) console.log(`lost: ${why}`);
  for (const problem of problems) console.log(`problem: ${problem}`);
  console.log(`\n${shareOf(rows)} in ${seconds().toFixed(0)} s, hosts lost: ${lost.length}`);
  if (stop.aborted) console.log("It was interrupted.");
  return lost.length + problems.length > 0 ? 1 : stop.aborted ? 2 : 0;
}

/** Gives a folder in memory, where there is such a place, that is removed afterwards. */
async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const parent = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const folder = await mkdtemp(join(parent, "muster-crash-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Hosts that are under way are brought to their end, so that nothing stays mounted. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => controller.abort());
  return controller.signal;
}
