import { spawn } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MusterError } from "@muster/core";
import { LocalFleet, Program, type LocalHost, type ReleaseFiles } from "@muster/local-fleet";
import { figuresOf, type Figure } from "../figure.ts";
import type { BenchTools } from "../ground.ts";
import { packageSizes, type PackageSize } from "../system/package-sizes.ts";
import { readUsage, type ProcessUsage } from "../system/process-usage.ts";

/** What Muster takes of a host. */
export interface FootprintResult {
  readonly idleSeconds: number;
  /** The agent as systemd starts it, connected and idle: the most it held. */
  readonly agent: Held;
  /** A bare Node beside it, in the same time. */
  readonly bare: Held;
  /** Share of one core that the idle agent used. */
  readonly idlePercent: number;
  /** Processes that belonged to the idle host at any time. */
  readonly processes: number;
  /** The updater while a new version is on probation; it ends with it. */
  readonly updater: Held;
  /** Muster's supervisor, where there is no systemd. */
  readonly supervisor: Held;
  readonly archiveBytes: number;
  readonly installedBytes: number;
  readonly packages: readonly PackageSize[];
}

type Held = Pick<ProcessUsage, "privateBytes" | "residentBytes">;

const LOOK_MS = 2000;
const PROBATION_LOOK_MS = 100;
/** Long enough on probation for the updater to be seen at rest. */
const LIMITS = { deadlineMs: 60_000, stabilizationMs: 5000, maxBoots: 3 } as const;

/** Starts a real agent the way systemd does and leaves it alone, then updates one under the supervisor. */
export async function measureFootprint(
  tools: BenchTools,
  { idleSeconds }: { readonly idleSeconds: number },
): Promise<FootprintResult> {
  const { project, tell, folder } = tools;
  tell("building what runs on hosts");
  await new Program([process.execPath, "scripts/build.ts"], { cwd: project }).success();
  const fleet = await LocalFleet.start({ project, folder: join(folder, "footprint") });
  tools.cleanup.add(() => fleet.stop());
  const seed = await fleet.make({ version: "1.0.0" });
  const [launched] = await fleet.addHosts(["host-1"], seed, { by: "launcher" });
  const [supervised] = await fleet.addHosts(["host-2"], seed);
  if (!launched || !supervised) throw new Error("the fleet has no hosts");
  tell(`an agent and a bare Node, idle for ${idleSeconds} s`);
  const idle = await watchIdle(launched, idleSeconds, tools);
  tell("an update, to see the updater");
  const probation = await watchUpdate(fleet, supervised);
  const sizes = await sizesOf(seed, launched);
  await fleet.stop();
  return { idleSeconds, ...idle, ...probation, ...sizes, packages: await packageSizes(project) };
}

async function watchIdle(host: LocalHost, idleSeconds: number, { cleanup }: BenchTools) {
  const { pid } = host.supervisor;
  const bareNode = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore" });
  cleanup.add(() => void bareNode.kill());
  const before = await readUsage(pid);
  const startedAt = performance.now();
  let agent = NOTHING;
  let bare = NOTHING;
  let processes = 0;
  while (performance.now() - startedAt < idleSeconds * 1000) {
    await sleep(LOOK_MS);
    agent = most(agent, await readUsage(pid));
    bare = most(bare, await readUsage(bareNode.pid ?? 0));
    processes = Math.max(processes, (await host.processes()).length);
  }
  const cpuSeconds = (await readUsage(pid)).cpuSeconds - before.cpuSeconds;
  const idlePercent = (cpuSeconds / ((performance.now() - startedAt) / 1000)) * 100;
  bareNode.kill();
  return { agent, bare, processes, idlePercent };
}

async function watchUpdate(fleet: LocalFleet, host: LocalHost) {
  await fleet.publish(await fleet.make({ version: "1.1.0" }));
  const { items } = await fleet.client.agents.list({ limit: 10 });
  const ids = items.filter(({ hostname }) => hostname === host.name).map(({ id }) => id);
  const { id } = await fleet.roll("1.1.0", { limits: LIMITS, cohort: { kind: "agents", ids } });
  const settled = fleet.settled(id);
  const isOver = settled.then(() => true);
  let updater = NOTHING;
  do {
    const found = (await host.processes()).find(({ command }) => command.includes("apply"));
    if (found) updater = most(updater, await usageWhileThere(found.pid));
  } while (!(await Promise.race([isOver, sleep(PROBATION_LOOK_MS, false)])));
  const { state } = await settled;
  if (state !== "completed") throw new Error(`the update did not go well: ${state}`);
  return { updater, supervisor: most(NOTHING, await readUsage(host.supervisor.pid)) };
}

/** The updater ends when it is done, which may be now. */
async function usageWhileThere(pid: number): Promise<Held> {
  try {
    return await readUsage(pid);
  } catch (error) {
    if (error instanceof MusterError && error.code === "FILE_NOT_READABLE") return NOTHING;
    throw error;
  }
}

const NOTHING: Held = { privateBytes: 0, residentBytes: 0 };

function most(left: Held, right: Held): Held {
  return {
    privateBytes: Math.max(left.privateBytes, right.privateBytes),
    residentBytes: Math.max(left.residentBytes, right.residentBytes),
  };
}

async function sizesOf({ archive }: ReleaseFiles, { layout }: LocalHost) {
  const entries = await readdir(layout.versions, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return {
    archiveBytes: (await stat(archive)).size,
    installedBytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

const inMegabytes = (bytes: number) => bytes / 2 ** 20;

export function footprintFigures(result: FootprintResult): readonly Figure[] {
  const figure = figuresOf("footprint");
  const held = (name: string, kind: keyof Held, who: Held, extras: { goal?: Figure["goal"] } = {}) =>
    figure(name, inMegabytes(who[kind]), "MB", {
      baseline: { what: "bare Node", value: inMegabytes(result.bare[kind]) },
      ...extras,
    });
  return [
    held("agent's private memory", "privateBytes", result.agent, { goal: { atMost: 25 } }),
    held("- with the files it shares", "residentBytes", result.agent),
    figure("- CPU while idle, of one core", result.idlePercent, "%"),
    figure("- most processes of the host", result.processes, "", { goal: { atMost: 1 } }),
    held("updater's private memory, on probation", "privateBytes", result.updater),
    held("supervisor's, where there is no systemd", "privateBytes", result.supervisor),
    figure("agent's archive", inMegabytes(result.archiveBytes), "MB"),
    figure("agent installed", inMegabytes(result.installedBytes), "MB"),
    ...result.packages.flatMap(({ file, packedBytes, installedBytes }) => [
      figure(file, inMegabytes(packedBytes), "MB"),
      figure("- installed", inMegabytes(installedBytes), "MB"),
    ]),
  ];
}
