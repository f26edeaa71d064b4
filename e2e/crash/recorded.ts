import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "@muster/core";
import { start } from "./host/process.ts";
import type { Row } from "./row.ts";

const TEST = "apps/updater/src/apply/crash-matrix.test.ts";

const lineDecoder = parse.object({
  scenario: parse.string(),
  points: parse.integer(),
  lost: parse.array(parse.string({ max: 1_000_000 }), { max: 1_000_000 }),
});

/**
 * The updater's own matrix, which takes every prefix of the operations of its port and every way in which a crash can
 * leave the disk. It is a test of that app, run here as a child; `folder` is for its report.
 */
export async function recordedMatrix(project: string, folder: string): Promise<readonly Row[]> {
  const report = join(folder, "recorded.jsonl");
  const startedAt = performance.now();
  const vitest = join(project, "node_modules", "vitest", "vitest.mjs");
  const command = [process.execPath, vitest, "run", "--root", project, "--project", "unit", TEST] as const;
  const { code, output } = await start(["env", `MUSTER_CRASH_REPORT=${report}`, ...command]).ended;
  const text = await readFile(report, "utf8").catch((cause: unknown) => {
    throw new Error(`${TEST} left no report:\n${output}`, { cause });
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const found = text
    .trim()
    .split("\n")
    .map((line) => parse.decodeJson(lineDecoder, line, "REQUEST_INVALID"));
  const foundLost = found.some(({ lost }) => lost.length > 0);
  if (code !== 0 && !foundLost) throw new Error(`${TEST} failed:\n${output}`);
  return found.map(({ scenario, points, lost }) => ({
    layer: "recorded",
    scenario: `an update to ${scenario}`,
    points,
    tried: points,
    lost,
    seconds: seconds / found.length,
  }));
}
