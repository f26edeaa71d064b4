import { encodeGatewayMessage, type GatewayOrder } from "@muster/protocol/agent";
import { dealProfiles } from "../../agent/profile.ts";
import { summarize } from "../../statistics/statistics.ts";
import { figuresOf, type Figure } from "../figure.ts";
import { BENCH_NATURE, type BenchTools, type Ground } from "../ground.ts";
import type { SocketsResult } from "./streams.ts";

export interface PushResult {
  /** From the request to create the rollout until each agent's assignment came, in milliseconds. */
  readonly arrivals: readonly number[];
  /** From the first assignment that came on. */
  readonly spreadMs: number;
  readonly answeredMs: number;
  /** Of one assignment, as it travels. */
  readonly bytes: number;
}

/** gRPC's prefix and HTTP/2's frame around a message. */
const FRAME_BYTES = 5 + 9;

/** Gives everybody an update at once, and notes when each hears of it. They begin with it when all have. */
export async function measurePush(ground: Ground, { tell }: Pick<BenchTools, "tell">): Promise<PushResult> {
  const { fleet, agents } = ground;
  const version = await ground.publishNext();
  const hesitateMs = Math.max(5000, agents * 2);
  fleet.become(dealProfiles([], agents, 1), { ...BENCH_NATURE, hesitateMs });
  tell(`pushing ${version} to ${agents} agents at once`);
  const arrivals: number[] = [];
  let bytes = 0;
  const { promise: all, resolve } = Promise.withResolvers<void>();
  const deafen = fleet.listen({
    ordered: (_, order: GatewayOrder) => {
      if (order.kind !== "assign") return;
      arrivals.push(performance.now() - startedAt);
      bytes = Math.max(bytes, encodeGatewayMessage(order).byteLength + FRAME_BYTES);
      if (arrivals.length === agents) resolve();
    },
  });
  const startedAt = performance.now();
  const { id } = await ground.roll(version, {
    strategy: { kind: "immediate" },
    maxInFlight: agents,
    limits: { stabilizationMs: 0 },
    failurePolicy: { threshold: { percent: 100 } },
  });
  const answeredMs = performance.now() - startedAt;
  await all;
  deafen();
  await ground.until(id, ({ state }) => state === "completed");
  fleet.become(dealProfiles([], agents, 1), BENCH_NATURE);
  return { arrivals, spreadMs: Math.max(...arrivals) - Math.min(...arrivals), answeredMs, bytes };
}

export function pushFigures(result: PushResult, raw: SocketsResult): readonly Figure[] {
  const figure = figuresOf("push");
  const what = `raw loop of ${result.bytes} bytes`;
  const own = summarize(result.arrivals);
  const bare = summarize(raw.arrivals);
  return [
    figure("agents that got it", own.count, ""),
    figure("request answered", result.answeredMs, "ms"),
    figure("assignment at half of them", own.p50, "ms", { baseline: { what, value: bare.p50 } }),
    figure("at 99 %", own.p99, "ms", { baseline: { what, value: bare.p99 } }),
    figure("at the last", own.max, "ms", { baseline: { what, value: bare.max } }),
    figure("from the first to the last", result.spreadMs, "ms"),
  ];
}
