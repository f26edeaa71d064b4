import { readFlags, type Flags } from "./flags.ts";
import { parseCount, usage } from "./values.ts";

/** What can be measured, in the order in which it is. */
export const MEASURES = ["streams", "push", "rollout", "faults", "downtime", "footprint"] as const;
export type Measure = (typeof MEASURES)[number];

export const BENCH_FLAGS = {
  agents: { value: "N", help: "agents in push, rollout and faults (2400)" },
  streams: { value: "N", help: "agents in streams (as many as --agents)" },
  only: { value: "LIST", help: `some of ${MEASURES.join(",")}` },
  idle: { value: "SECONDS", help: "how long the real agent idles in footprint (180)" },
  profile: { value: "FOLDER", help: "also write CPU profiles of the server there; the figures get worse" },
  json: { value: "FILE", help: "where the figures go as JSON (bench-results/<time>.json)" },
} as const satisfies Flags;

export interface BenchOptions {
  readonly agents: number;
  readonly streams: number;
  readonly only: readonly Measure[];
  readonly idleSeconds: number;
  /** Null: below `bench-results`, named after the time. */
  readonly jsonFile: string | null;
  /** Null: none. */
  readonly profileFolder: string | null;
}

/** A process may have 20,000 open files on many systems, and each agent needs up to two. */
const AGENTS_MAX = 15_000;
const IDLE_MAX_SECONDS = 86_400;

/** Reads the arguments of `bench`; `USAGE_INVALID`. */
export function parseBenchArguments(args: readonly string[]): BenchOptions {
  const given = readFlags(BENCH_FLAGS, args);
  const agents = parseCount(given.agents.at(-1) ?? "2400", 1, AGENTS_MAX);
  const [streams] = given.streams;
  const [only] = given.only;
  return {
    agents,
    streams: streams === undefined ? agents : parseCount(streams, 1, AGENTS_MAX),
    only: only === undefined ? MEASURES : only.split(",").map((name) => measureOf(name)),
    idleSeconds: parseCount(given.idle.at(-1) ?? "180", 1, IDLE_MAX_SECONDS),
    jsonFile: given.json.at(-1) ?? null,
    profileFolder: given.profile.at(-1) ?? null,
  };
}

function measureOf(name: string): Measure {
  const found = MEASURES.find((measure) => measure === name);
  if (!found) throw usage(`measures are ${MEASURES.join(", ")}`, { value: name });
  return found;
}
