import { expect, test } from "vitest";
import * as fc from "fast-check";
import { parseRunArguments } from "../arguments/run-arguments.ts";
import { newAgent, type AgentState } from "../agent/agent-state.ts";
import { newTally, takeCensus, type Census } from "../fleet/census.ts";
import type { FleetPart } from "../fleet/part.ts";
import { run, slicesOf } from "./run.ts";
import { censusLine } from "./show-census.ts";

const OPTIONS = parseRunArguments(
  "--server gate.example:8443 --token t --trust-anchor f --agents 5 --processes 2".split(" "),
);

function statesOf(count: number): readonly AgentState[] {
  return Array.from({ length: count }, () => ({ ...newAgent("1.0.0"), link: { kind: "up" } }));
}

test("the slices of a run hold every agent once, and differ by at most one", () => {
  const sizes = fc.record({
    agents: fc.integer({ min: 1, max: 500 }),
    parts: fc.integer({ min: 1, max: 16 }),
  });
  fc.assert(
    fc.property(sizes, ({ agents, parts }) => {
      const slices = slicesOf(agents, parts);
      const counts = slices.map(({ count }) => count);
      expect(
        slices.flatMap(({ first, count }) => Array.from({ length: count }, (_, at) => first + at)),
      ).toEqual(Array.from({ length: agents }, (_, at) => at));
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }),
  );
});

test("a run enrols all, then connects all, and ends every part when it is interrupted", async () => {
  const steps: string[] = [];
  const interrupt = new AbortController();
  const makePart = async (_: unknown, { first, count }: { first: number; count: number }) => {
    const part: FleetPart = {
      enrol: async () => void steps.push(`enrol ${count} from ${first}`),
      connect: async () => void steps.push(`connect ${first}`),
      census: async () => takeCensus(statesOf(count), count, newTally()),
      stop: async () => void steps.push(`stop ${first}`),
    };
    return part;
  };
  const shown: string[] = [];
  const last = await run(OPTIONS, {
    makePart,
    signal: interrupt.signal,
    show: (_, phase) => {
      shown.push(phase);
      if (phase === "running" || (phase === "connecting" && steps.includes("connect 2"))) interrupt.abort();
    },
  });
  expect(steps).toEqual(["enrol 2 from 0", "enrol 3 from 2", "connect 0", "connect 2", "stop 0", "stop 2"]);
  expect(shown.slice(0, 2)).toEqual(["enrolling", "connecting"]);
  expect(last).toMatchObject({ agents: 5, online: 5 });
});

test("a run whose agents cannot enrol ends its parts and says why", async () => {
  const steps: string[] = [];
  const makePart = async (): Promise<FleetPart> => ({
    enrol: () => Promise.reject(new Error("no more uses")),
    connect: async () => undefined,
    census: async () => takeCensus([], 1, newTally()),
    stop: async () => void steps.push("stop"),
  });
  const { signal } = new AbortController();
  await expect(run(OPTIONS, { makePart, signal, show: () => undefined })).rejects.toThrow("no more uses");
  expect(steps).toEqual(["stop", "stop"]);
});

test("a census line tells what is under way, how updates ended, and what went wrong", () => {
  const census: Census = {
    ...takeCensus(statesOf(3), 4, {
      ended: { healthy: 2, failed: 1, rolled_back: 0 },
      troubles: { RATE_LIMITED: 2 },
    }),
    gone: 1,
  };
  expect(censusLine(census, "running")).toBe(
    "online 3 of 4 · 3 idle · ended: 2 healthy, 1 failed, 0 rolled back · 1 gone · 1.0.0: 3 · RATE_LIMITED × 2",
  );
  expect(censusLine(census, "enrolling")).toBe("enrolled 3 of 4 · RATE_LIMITED × 2");
});
