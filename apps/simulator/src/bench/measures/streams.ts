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
/** Connections that are there before it is measured: what all others share, the first ones bring. */
const WARM_UP = 50;

/**
 * Enrols a ground's fleet and connects it, and looks at the server's memory before and after. To settle, it is started
 * anew between the two: the garbage of enrolments would hide what streams take.
 */
export async function connectFleet(
  ground: Ground,
  { tell }: Pick<BenchTools, "tell">,
  settle: boolean,
): Promise<StreamsResult> {
  const { fleet, agents } = ground;
  const look = () => (settle ? settledUsage(ground.serverPid()) : readUsage(ground.serverPid()));
  const enrolSeconds = await timed(
    tell,
    () => `  ${fleet.census().enrolled} enrolled`,
    () => fleet.enrol(),
  );
  tell(`enrolled ${agents} agents in ${enrolSeconds.toFixed(1)} s`);
  if (settle) tell("a new process of the server, a few connections, and then it settles");
  if (settle) await ground.restart();
  const first = fleet.agents.slice(0, Math.min(WARM_UP, agents / 2));
  await fleet.connect(first);
  const before = await look();
  const rest = fleet.agents.slice(first.length);
  const connectSeconds = await timed(
    tell,
    () => `  ${fleet.census().online} connected`,
    () => fleet.connect(rest),
  );
  const connected = await readUsage(ground.serverPid());
  tell(`connected them in ${connectSeconds.toFixed(1)} s${settle ? "; the server settles" : ""}`);
  const after = await look();
  const idlePercent = settle ? await idleShare(ground.serverPid()) : Number.NaN;
  return {
    online: fleet.census().online,
    enrolSeconds,
    connectSeconds,
    connectCpuSeconds: connected.cpuSeconds - before.cpuSeconds,
    idlePercent,
    ...growth(before, after, rest.length),
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
  const first = await openSockets({ port: server.port, context }, WARM_UP, AT_ONCE);
  const before = await settledUsage(server.pid);
  const startedAt = performance.now();
  const sockets = await openSockets({ port: server.port, context }, count, AT_ONCE);
  const connectSeconds = (performance.now() - startedAt) / 1000;
  const after = await settledUsage(server.pid);
  const arrivals = await timePush(sockets, pushBytes, () => server.push(pushBytes));
  for (const socket of [...first, ...sockets]) socket.destroy();
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
