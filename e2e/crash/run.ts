import { join } from "node:path";
import type { CrashArguments } from "./arguments.ts";
import { powerCutFiles, withoutSync } from "./controls.ts";
import { prepareGround, type CrashGround } from "./ground.ts";
import { CUT_LAYERS, cutOff, dropScenario, prepareScenario } from "./matrix.ts";
import { recordedMatrix } from "./recorded.ts";
import { shareOf, type Row } from "./row.ts";
import { scenarios } from "./scenarios.ts";

export interface CrashTools {
  /** The repository's root, where the built programs are. */
  readonly project: string;
  /** Everything that is written goes below it. */
  readonly folder: string;
  readonly tell: (line: string) => void;
  readonly stop: AbortSignal;
}

export interface CrashReport {
  readonly rows: readonly Row[];
  /** What the controls showed, a line each. */
  readonly controls: readonly string[];
  /** What makes the rows worth nothing. */
  readonly problems: readonly string[];
}

/** Everything that the command does: the layers that are asked for, and the controls of the harness itself. */
export async function runCrashTest(options: CrashArguments, tools: CrashTools): Promise<CrashReport> {
  const { project, folder, tell, stop } = tools;
  const ground = await prepareGround(folder, join(project, "dist/host"));
  const problems: string[] = [];
  const controls: string[] = [];
  if (options.layers.includes("controls")) {
    tell("controls");
    const found = await runControls(ground, options, stop);
    controls.push(...found.lines);
    problems.push(...found.problems);
  }
  const rows: Row[] = [];
  if (options.layers.includes("recorded") && !stop.aborted) {
    tell("recorded");
    const all = await recordedMatrix(project, folder);
    rows.push(...all.filter(({ scenario }) => scenario.includes(options.scenario)));
  }
  rows.push(...(await runCutLayers(ground, options, tools)));
  return { rows: inLayerOrder(rows), controls, problems };
}

async function runCutLayers(
  ground: CrashGround,
  { layers, stride, jobs, scenario: wanted }: CrashArguments,
  { tell, stop }: CrashTools,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const chosen = CUT_LAYERS.filter((layer) => layers.includes(layer));
  if (chosen.length === 0) return rows;
  for (const scenario of scenarios(ground).filter(({ name }) => name.includes(wanted))) {
    if (stop.aborted) break;
    const prepared = await prepareScenario(scenario, ground);
    for (const layer of chosen) {
      const row = await cutOff(prepared, ground, { layer, stride, jobs, stop });
      tell(`${layer}, ${scenario.name}: ${shareOf([row])}, lost ${row.lost.length}`);
      for (const why of row.lost) tell(`  lost: ${why}`);
      rows.push(row);
    }
    await dropScenario(prepared);
  }
  return rows;
}

/** Every how many points an updater that forgets to sync is cut off. */
const CONTROL_STRIDE = 12;

async function runControls(
  ground: CrashGround,
  { jobs }: CrashArguments,
  stop: AbortSignal,
): Promise<Pick<CrashReport, "problems"> & { readonly lines: readonly string[] }> {
  const problems: string[] = [];
  const files = await powerCutFiles(ground, "nothing");
  if (files.synced !== "synced") problems.push("a power cut takes what was synced");
  if (files.unsynced === "unsynced") problems.push("a power cut leaves what was not synced");
  const row = await withoutSync(ground, { stride: CONTROL_STRIDE, jobs, stop });
  if (row.lost.length === 0)
    problems.push("an updater that syncs nothing loses no host: the matrix sees nothing");
  const lines = [
    `after a power cut, a synced file holds ${shown(files.synced)}, one that was not synced ${shown(files.unsynced)}`,
    `an updater that syncs nothing: ${row.tried} points tried, ${row.lost.length} hosts lost (some must be)`,
  ];
  return { lines, problems };
}

function shown(content: string | null): string {
  return content === null ? "is not there" : JSON.stringify(content);
}

function inLayerOrder(rows: readonly Row[]): readonly Row[] {
  const order: readonly string[] = ["recorded", ...CUT_LAYERS];
  return rows.toSorted((a, b) => order.indexOf(a.layer) - order.indexOf(b.layer));
}
