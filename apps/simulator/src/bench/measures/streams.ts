import { setTimeout as sleep } from "node:timers/promises";
import { BaselineServer } from "../baseline/baseline-server.ts";
import { makeIdentities } from "../baseline/identities.ts";
import { openSockets, timePush } from "../baseline/raw-client.ts";
import { figuresOf, type Figure } from "../figure.ts";
import type { BenchTools, Ground } from "../ground.ts";
import { readUsage, settledUsage, type ProcessUsage } from "../system/process-usage.ts";

/** What it took to hold a fleet's streams. */
export interface StreamsResult {
  readonly online: number;
  readonly enrolSeconds: number;
  readonly connectSeconds: number;
  readonly connectCpuSeconds: number;
  /** Share of one core in use while nothing happens. */
  readonly idlePercent: number;
  readonly privateBytesEach: number;
  readonly residentBytesEach: number;
}

/** The same of bare connections. */
export interface SocketsResult {
  readonly connectSeconds: number;
  readonly privateBytesEach: number;
  readonly residentBytesEach: number;
  /** Until bytes pushed to all arrived at each, in milliseconds. */
  readonly arrivals: readonly number[];
}

const TELL_EVERY_MS = 2500;
const IDLE_MS = 10_000;
const AT_ONCE = 32;

/** Enrols a ground's fleet and connects it, and looks at the server's memory before and after. */
export async function connectFleet(
  ground: Ground,
  { tell }: Pick<BenchTools, "tell">,
  settle: boolean,
): Promise<StreamsResult> {
  const { fleet, agents, serverPid } = ground;
  const look = () => (settle ? settledUsage(serverPid) : readUsage(serverPid));
  const enrolSeconds = await timed(
    tell,
    () => `  ${fleet.census().enrolled} enrolled`,
    () => fleet.enrol(),
  );
  tell(`enrolled ${agents} agents in ${enrolSeconds.toFixed(1)} s${settle ? "; the server settles" : ""}`);
  const before = await look();
  const startedCpu = before.cpuSeconds;
  const connectSeconds = await timed(
    tell,
    () => `  ${fleet.census().online} connected`,
    () => fleet.connect(),
  );
  const connected = await readUsage(serverPid);
  tell(`connected them in ${connectSeconds.toFixed(1)} s${settle ? "; the server settles" : ""}`);
  const after = await look();
  const idlePercent = settle ? await idleShare(serverPid) : Number.NaN;
  return {
    online: fleet.census().online,
    enrolSeconds,
    connectSeconds,
    connectCpuSeconds: connected.cpuSeconds - startedCpu,
    idlePercent,
    ...growth(before, after, agents),
  };
}

/** Holds as many bare TLS connections and writes to them all. */
export async function holdSockets(
  tools: BenchTools,
  { count, pushBytes }: { readonly count: number; readonly pushBytes: number },
): Promise<SocketsResult> {
  tools.tell(`baseline: ${count} bare TLS connections`);
  const { server: certificates, client: context } = await makeIdentities(Date.now());
  const server = await BaselineServer.start(tools.program, { ...certificates, file: null });
  tools.cleanup.add(() => server.stop());
  // The first connection brings what all others share.
  const [first] = await openSockets({ port: server.port, context }, 1, 1);
  const before = await settledUsage(server.pid);
  const startedAt = performance.now();
  const sockets = await openSockets({ port: server.port, context }, count, AT_ONCE);
  const connectSeconds = (performance.now() - startedAt) / 1000;
  const after = await settledUsage(server.pid);
  const arrivals = await timePush(sockets, pushBytes, () => server.push(pushBytes));
  for (const socket of sockets) socket.destroy();
  first?.destroy();
  await server.stop();
  return { connectSeconds, arrivals, ...growth(before, after, count) };
}

export function streamsFigures(result: StreamsResult, raw: SocketsResult, agents: number): readonly Figure[] {
  const figure = figuresOf("streams");
  const what = "bare TLS";
  return [
    figure("streams held", result.online, "", { goal: { atLeast: agents } }),
    figure("server memory per stream, private", result.privateBytesEach / 1024, "KB", {
      baseline: { what, value: raw.privateBytesEach / 1024 },
      goal: { atMost: 120 },
    }),
    figure("server memory per stream, resident", result.residentBytesEach / 1024, "KB", {
      baseline: { what, value: raw.residentBytesEach / 1024 },
    }),
    figure("connected in", result.connectSeconds, "s", { baseline: { what, value: raw.connectSeconds } }),
    figure("server CPU per connection", (result.connectCpuSeconds / agents) * 1000, "ms"),
    figure("server CPU with all idle, of one core", result.idlePercent, "%"),
    figure("enrolments", agents / result.enrolSeconds, "per s"),
  ];
}

function growth(before: ProcessUsage, after: ProcessUsage, count: number) {
  return {
    privateBytesEach: (after.privateBytes - before.privateBytes) / count,
    residentBytesEach: (after.residentBytes - before.residentBytes) / count,
  };
}

async function idleShare(pid: number): Promise<number> {
  const before = await readUsage(pid);
  await sleep(IDLE_MS);
  const after = await readUsage(pid);
  return ((after.cpuSeconds - before.cpuSeconds) / (IDLE_MS / 1000)) * 100;
}

/** Does it and tells how it goes; resolves with the seconds it took. */
async function timed(
  tell: BenchTools["tell"],
  line: () => string,
  work: () => Promise<void>,
): Promise<number> {
  const startedAt = performance.now();
  const timer = setInterval(() => tell(line()), TELL_EVERY_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return (performance.now() - startedAt) / 1000;
}
