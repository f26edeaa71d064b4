import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RolloutRequest, RolloutView } from "@muster/protocol/http";
import { BaselineServer } from "../baseline/baseline-server.ts";
import { makeIdentities } from "../baseline/identities.ts";
import { timeDownloads } from "../baseline/raw-client.ts";
import { figuresOf, type Figure } from "../figure.ts";
import type { BenchTools, Ground } from "../ground.ts";
import { ARTIFACT_BYTES, noise } from "../releases.ts";
import { mostPrivateBytes, readUsage } from "../system/process-usage.ts";

/** Waves as operators use them, without time to settle between them. */
export const WAVES = {
  kind: "waves",
  waves: [{ percent: 5 }, { percent: 25 }, { percent: 100 }],
  settleMs: 0,
  approval: "automatic",
} as const satisfies RolloutRequest["strategy"];

/** One way to run the rollout. */
export interface Variant {
  readonly name: string;
  readonly request: Partial<RolloutRequest>;
  readonly maxInFlight: number;
}

export const DEFAULT_IN_FLIGHT = 250;

export const VARIANTS: readonly Variant[] = [
  {
    name: "250 under way, steady for 1 s",
    request: { limits: { stabilizationMs: 1000 } },
    maxInFlight: DEFAULT_IN_FLIGHT,
  },
  {
    name: "1,000 under way, steady for 10 s",
    request: { maxInFlight: 1000 },
    maxInFlight: 1000,
  },
];

export interface RolloutResult {
  readonly variant: Variant;
  readonly seconds: number;
  readonly serverCpuSeconds: number;
  readonly serverWrittenBytes: number;
  /** The most it held at any time of the rollout. */
  readonly serverPrivateBytes: number;
  readonly healthy: number;
}

export async function measureRollout(
  ground: Ground,
  variant: Variant,
  { tell }: Pick<BenchTools, "tell">,
): Promise<RolloutResult> {
  const version = await ground.publishNext();
  tell(`rolling ${version} out to ${ground.agents} agents in waves of 5/25/100 %: ${variant.name}`);
  const before = await readUsage(ground.serverPid());
  const { id } = await ground.roll(version, { strategy: WAVES, ...variant.request });
  const working = ground.until(id, isOver);
  const serverPrivateBytes = await mostPrivateBytes(ground.serverPid(), working);
  const done = await working;
  const after = await readUsage(ground.serverPid());
  const seconds = ((done.endedAt ?? Date.now()) - done.createdAt) / 1000;
  tell(`  ${done.state} after ${seconds.toFixed(1)} s`);
  return {
    variant,
    seconds,
    serverCpuSeconds: after.cpuSeconds - before.cpuSeconds,
    serverWrittenBytes: after.writtenBytes - before.writtenBytes,
    serverPrivateBytes,
    healthy: done.counts.healthy,
  };
}

export function isOver({ state, counts }: RolloutView): boolean {
  return state !== "scheduled" && state !== "running" && state !== "rolling_back" && counts.inProgress === 0;
}

/** Seconds to download the same number of bytes as often, as many at once, from a plain HTTPS server. */
export async function rawDownloadSeconds(
  tools: BenchTools,
  { count, atOnce }: { readonly count: number; readonly atOnce: number },
): Promise<number> {
  tools.tell(`baseline: ${count} plain HTTPS downloads, ${atOnce} at once`);
  const file = join(tools.folder, "archive");
  await writeFile(file, noise(ARTIFACT_BYTES, "baseline"));
  const { server: certificates, client: context } = await makeIdentities(Date.now());
  const server = await BaselineServer.start(tools.program, { ...certificates, file });
  tools.cleanup.add(() => server.stop());
  const tookMs = await timeDownloads({ port: server.port, context }, count, atOnce);
  await server.stop();
  return tookMs / 1000;
}

export function rolloutFigures(
  { variant, ...result }: RolloutResult,
  rawSeconds: number,
  agents: number,
): readonly Figure[] {
  const figure = figuresOf("rollout");
  return [
    figure(variant.name, result.seconds, "s", {
      goal: { atMost: 120 },
      baseline: { what: "downloads alone", value: rawSeconds },
    }),
    figure("- healthy", (result.healthy / agents) * 100, "%", { goal: { atLeast: 99.5 } }),
    figure("- server CPU", result.serverCpuSeconds, "s"),
    figure("- server memory, most", result.serverPrivateBytes / 2 ** 20, "MB"),
    figure("- server wrote", result.serverWrittenBytes / 2 ** 20, "MB"),
  ];
}
