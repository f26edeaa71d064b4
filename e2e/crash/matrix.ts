import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { recordPoints, tryPoint, type PreparedScenario } from "./attempt.ts";
import type { Disk } from "./disks/disk.ts";
import { ext4Disk } from "./disks/ext4-disk.ts";
import { folderDisk } from "./disks/folder-disk.ts";
import type { CrashGround } from "./ground.ts";
import { thisBoot } from "./host/crash-host.ts";
import { SETTINGS } from "./host/payload.ts";
import type { Row } from "./row.ts";
import type { Scenario } from "./scenario.ts";
import type { CutPoint } from "./trace/system-calls.ts";
import { floorOf } from "./verdict.ts";

/** How the real updater is cut off. */
export type CutLayer = "killed" | "power cut" | "power cut, names kept";

function diskOf(layer: CutLayer): Disk {
  switch (layer) {
    case "killed":
      return folderDisk;
    case "power cut":
      return ext4Disk("nothing");
    case "power cut, names kept":
      return ext4Disk("metadata");
  }
}

export const CUT_LAYERS: readonly CutLayer[] = ["killed", "power cut", "power cut, names kept"];

export interface CutOptions {
  readonly layer: CutLayer;
  /** Every how many points one is tried. */
  readonly stride: number;
  /** Hosts that are tried at once. */
  readonly jobs: number;
  /** What the updater forgets to do; nothing unless it is a control. */
  readonly omitted?: readonly string[];
  /** No further point is begun when it is aborted. */
  readonly stop: AbortSignal;
}

/** A scenario, ready to be cut off anywhere. */
export interface CutScenario extends PreparedScenario {
  readonly points: readonly CutPoint[];
}

/** Prepares a scenario's host once, for all layers, and records where its work can be cut off. */
export async function prepareScenario(
  scenario: Scenario,
  ground: CrashGround,
  omitted: readonly string[] = [],
): Promise<CutScenario> {
  const folder = join(ground.folder, crypto.randomUUID());
  const template = join(folder, "content", "state");
  await mkdir(template, { recursive: true });
  const host = thisBoot(
    { root: template, packageFolder: scenario.packageFolder, node: ground.node },
    ground.bootId,
  );
  await scenario.prepare(host);
  const settings = existsSync(join(template, SETTINGS));
  const prepared = { scenario, template, floor: floorOf(host.layout), settings };
  const recording = { prepared, disk: folderDisk, ground, folder: join(folder, "recording"), omitted };
  return { ...prepared, points: await recordPoints(recording) };
}

/** Removes what `prepareScenario` has made. */
export async function dropScenario({ template }: CutScenario): Promise<void> {
  await rm(dirname(dirname(template)), { recursive: true });
}

/** Cuts a scenario off at its points, each on a host of its own. */
export async function cutOff(prepared: CutScenario, ground: CrashGround, options: CutOptions): Promise<Row> {
  const { layer, stride, jobs, omitted = [], stop } = options;
  const startedAt = performance.now();
  const disk = diskOf(layer);
  // After the last one everything is done: cut off there too.
  const points = [...prepared.points, null];
  // Each layer begins elsewhere, so that together they try more of them.
  const offset = Math.floor((CUT_LAYERS.indexOf(layer) * stride) / CUT_LAYERS.length);
  const chosen = points.filter((_, index) => index % stride === offset);
  const waiting = chosen.values();
  const lost: string[] = [];
  let tried = 0;
  const worker = async () => {
    for (const point of waiting) {
      if (stop.aborted) return;
      const folder = join(ground.folder, crypto.randomUUID());
      const { at, problems } = await tryPoint({ prepared, disk, ground, folder, omitted }, point);
      // A run that had fewer calls than the recorded one has ended before this point came.
      if (at !== null || point === null) tried += 1;
      if (problems.length > 0) lost.push(`${at ?? "after its end"}: ${problems.join("; ")}`);
    }
  };
  await allDone(Array.from({ length: jobs }, worker));
  const seconds = (performance.now() - startedAt) / 1000;
  return { layer, scenario: prepared.scenario.name, points: points.length, tried, lost, seconds };
}

/** Waits for all, also if one fails, so that nothing goes on when it throws what went wrong. */
async function allDone(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
