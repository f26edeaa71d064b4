import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LocalFleet, Program } from "@muster/local-fleet";
import { percentile } from "../../statistics/statistics.ts";
import { BaselineServer } from "../baseline/baseline-server.ts";
import { makeIdentities } from "../baseline/identities.ts";
import { figuresOf, type Figure } from "../figure.ts";
import type { BenchTools } from "../ground.ts";

export interface DowntimeResult {
  /** Of each update: from the switch, with the old process gone, to the new one connected and healthy. Milliseconds. */
  readonly downtimes: readonly number[];
}

const UPDATES = 7;
const LIMITS = { deadlineMs: 30_000, stabilizationMs: 500, maxBoots: 3 } as const;

/** Updates a real agent, with its updater and supervisor as real processes, again and again. */
export async function measureDowntime(tools: BenchTools): Promise<DowntimeResult> {
  const { project, tell } = tools;
  tell("building what runs on hosts");
  await new Program([process.execPath, "scripts/build.ts"], { cwd: project }).success();
  const fleet = await LocalFleet.start({ project, folder: join(tools.folder, "downtime") });
  tools.cleanup.add(() => fleet.stop());
  await fleet.addHosts(["host-1"], await fleet.make({ version: "1.0.0" }));
  const downtimes: number[] = [];
  for (let update = 1; update <= UPDATES; update += 1) {
    const version = `1.${update}.0`;
    await fleet.publish(await fleet.make({ version }));
    const { id } = await fleet.roll(version, { limits: LIMITS });
    const { state } = await fleet.settled(id);
    const [target] = await fleet.targets(id);
    const downtimeMs = target?.downtimeMs ?? null;
    if (state !== "completed" || downtimeMs === null) {
      throw new Error(
        `the update to ${version} did not go well: ${state}, ${target?.message ?? "no target"}`,
      );
    }
    tell(`  ${version}: down for ${downtimeMs} ms`);
    downtimes.push(downtimeMs);
  }
  await fleet.stop();
  return { downtimes };
}

/** Milliseconds from the start of a bare Node process until it has a TLS connection, each time. */
export async function rawStarts(tools: BenchTools): Promise<readonly number[]> {
  tools.tell("baseline: a bare Node process that opens a TLS connection");
  const { server: certificates } = await makeIdentities(Date.now());
  // Any connection will do: what counts is the process's start.
  const server = await BaselineServer.start(tools.program, { ...certificates, file: null });
  tools.cleanup.add(() => server.stop());
  const caFile = join(tools.folder, "baseline-ca.pem");
  await writeFile(caFile, certificates.ca);
  const script = `const ca = require("node:fs").readFileSync(process.argv[1]);
    require("node:tls").connect({ host: "127.0.0.1", port: Number(process.argv[2]), ca }, () => process.stdout.write("."));`;
  const times: number[] = [];
  for (let start = 0; start < UPDATES; start += 1) {
    const startedAt = performance.now();
    const child = spawn(process.execPath, ["-e", script, caFile, String(server.port)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    times.push(performance.now() - startedAt);
    const gone = once(child, "exit");
    child.kill();
    await gone;
  }
  await server.stop();
  return times;
}

export function downtimeFigures({ downtimes }: DowntimeResult, raw: readonly number[]): readonly Figure[] {
  const figure = figuresOf("downtime");
  const what = "bare Node and TLS";
  const own = downtimes.toSorted((left, right) => left - right);
  const bare = raw.toSorted((left, right) => left - right);
  return [
    figure("updates of a real agent", own.length, ""),
    figure("down, median", percentile(own, 50), "ms", {
      baseline: { what, value: percentile(bare, 50) },
      goal: { atMost: 1000 },
    }),
    figure("down, longest", percentile(own, 100), "ms", { baseline: { what, value: percentile(bare, 100) } }),
  ];
}
