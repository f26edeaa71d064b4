import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Version } from "@muster/core";
import type { Disk, OpenDisk } from "./disks/disk.ts";
import type { CrashGround } from "./ground.ts";
import type { CrashHost } from "./host/crash-host.ts";
import type { Ended } from "./host/process.ts";
import { recoveryProblems } from "./recovery.ts";
import type { Scenario } from "./scenario.ts";
import { lastCall, traced, type Injection } from "./trace/strace.ts";
import { cutPoints, type CutPoint } from "./trace/system-calls.ts";

/** A scenario whose host stands ready to be copied. */
export interface PreparedScenario {
  readonly scenario: Scenario;
  /** The state folder as the work begins. */
  readonly template: string;
  /** The floor there. */
  readonly floor: Version;
  /** Whether it has settings. */
  readonly settings: boolean;
}

export interface Trial {
  readonly prepared: PreparedScenario;
  readonly disk: Disk;
  readonly ground: CrashGround;
  /** A folder of this trial's own; it is made, and removed. */
  readonly folder: string;
  /** What the updater forgets to do; nothing unless it is a control. */
  readonly omitted?: readonly string[];
}

/** What became of a host that was cut off at one point. */
export interface TrialResult {
  /** The call it was cut off before; null if it had come to its end before that point. */
  readonly at: string | null;
  /** Nothing for a host that was not lost. */
  readonly problems: readonly string[];
}

/** Longer than any deadline of the scenarios. */
const WORK_LIMIT_MS = 120_000;

/** Exit codes of work that has come to its end: done, failed before the switch, rolled back. */
const ENDINGS: readonly (number | null)[] = [0, 3, 4];

/** The points at which the work of a scenario can be cut off, from a run that is not. */
export async function recordPoints(trial: Trial): Promise<readonly CutPoint[]> {
  const { omitted = [] } = trial;
  return withDisk(trial, async ({ host }, log) => {
    const { code, output } = await work(trial, { host, log, injection: { omitted } });
    if (!ENDINGS.includes(code))
      throw new Error(`${trial.prepared.scenario.name} ended with ${code}: ${output}`);
    const points = cutPoints(await readFile(log, "utf8"), host.layout.root);
    return points.filter(({ call }) => !omitted.includes(call));
  });
}

/** Cuts the work of a scenario off at a point (null: when it has ended), and does what the next boot does. */
export async function tryPoint(trial: Trial, cut: CutPoint | null): Promise<TrialResult> {
  const { prepared, ground, omitted = [] } = trial;
  return withDisk(trial, async (disk, log) => {
    const injection = { omitted, ...(cut === null ? {} : { cut }) };
    await work(trial, { host: disk.host, log, injection }, () => disk.crash());
    const at = await lastCall(log);
    const host = await disk.restart();
    return { at, problems: await recoveryProblems(host, { ...prepared, anchor: ground.anchor }) };
  });
}

interface TracedWork {
  readonly host: CrashHost;
  readonly log: string;
  readonly injection: Injection;
}

/** Does the work of a scenario until it ends, or is cut off; then everything that runs ends at once, with the crash. */
async function work(
  { prepared: { scenario } }: Trial,
  { host, log, injection }: TracedWork,
  crash: () => Promise<void> = async () => {},
): Promise<Ended> {
  const service = scenario.served ? host.startService() : null;
  try {
    await service?.started();
    const program = traced(host.command(scenario.command), log, injection);
    try {
      return await program.endedWithin(WORK_LIMIT_MS);
    } finally {
      await Promise.all([program.kill(), service?.kill(), crash()]);
    }
  } finally {
    await service?.kill();
  }
}

async function withDisk<T>(
  { prepared, disk, ground, folder }: Trial,
  use: (disk: OpenDisk, log: string) => Promise<T>,
): Promise<T> {
  const { packageFolder } = prepared.scenario;
  await mkdir(folder);
  try {
    const { template } = prepared;
    const open = await disk.open({
      template,
      folder,
      packageFolder,
      node: ground.node,
      bootId: ground.bootId,
    });
    try {
      return await use(open, join(folder, "strace.log"));
    } finally {
      await open.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
