import { rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "@muster/local-fleet";
import { versionFolder, type HostState, type ProbationLimits } from "@muster/core";
import type { CrashHost } from "./host/crash-host.ts";
import { ENTRYPOINT, OLD_SETTINGS, SETTINGS } from "./host/payload.ts";
import { succeed, type Running } from "./host/process.ts";
import { handOver, type Release } from "./host/release.ts";
import type { Releases } from "./ground.ts";
import { killedAtRename } from "./trace/strace.ts";
import { readJournal } from "./verdict.ts";

/** A deadline that no machine is too slow for. */
export const PATIENT: ProbationLimits = { deadlineMs: 60_000, stabilizationMs: 100, maxBoots: 9 };
/** As short as a deadline may be. */
export const SHORT: ProbationLimits = { deadlineMs: 1000, stabilizationMs: 100, maxBoots: 9 };

/** A host that runs 1.0.0, with two older versions beside it. */
export async function established(host: CrashHost, { first, second, old }: Releases): Promise<void> {
  await succeed(host.command(["seed", first.folder]));
  for (const release of [second, old]) {
    await handOver(host.layout, release, PATIENT);
    const service = host.startService();
    try {
      await succeed(host.command(["apply"]));
      await service.started();
    } finally {
      await service.kill();
    }
  }
  await writeFile(join(host.layout.root, SETTINGS), OLD_SETTINGS);
}

/** The same host, whose updater was killed when it had switched to a release; nothing has started that yet. */
export async function switchedTo(host: CrashHost, release: Release, limits: ProbationLimits): Promise<void> {
  await handOver(host.layout, release, limits);
  await killedIn(host, host.updater(["apply"]), "probation");
}

/** The same host, whose updater was killed in the middle of its switch, just before `current` would have been moved. */
export async function cutOffBeforeTheSwitch(host: CrashHost, release: Release): Promise<void> {
  await handOver(host.layout, release, PATIENT);
  const { signal } = await killedAtRename(host.command(["apply"]), `${host.layout.current}.new`).ended;
  if (signal !== "SIGKILL") throw new Error("the updater was not killed before its switch");
}

/** The same host after its version has been started once. */
export async function startedOnce(host: CrashHost): Promise<void> {
  await host.updater(["launch"]).ended;
}

/** Leaves half of both generations of the journal. */
export async function damageJournal({ layout }: CrashHost): Promise<void> {
  for (const path of [layout.journalA, layout.journalB]) {
    const { size } = await stat(path);
    await truncate(path, Math.floor(size / 2));
  }
}

/** Takes a file from the version that runs, and everything from the one before. */
export async function damageVersions({ layout }: CrashHost): Promise<void> {
  await truncate(join(versionFolder(layout, "1.0.0"), ENTRYPOINT), 0);
  await rm(versionFolder(layout, "0.9.0"), { recursive: true });
}

async function killedIn({ layout }: CrashHost, updater: Running, state: HostState["kind"]): Promise<void> {
  try {
    await until(`the updater to reach ${state}`, () => {
      const reading = readJournal(layout);
      return reading.kind === "read" && reading.journal.state.kind === state;
    });
  } finally {
    await updater.kill();
  }
}
