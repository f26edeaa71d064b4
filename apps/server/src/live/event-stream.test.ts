import { setImmediate } from "node:timers/promises";
import { createLocalBus, type Bus } from "@muster/fleet";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createManualClock, type ManualClock } from "../gateway/testing/manual-clock.ts";
import {
  notFound,
  sampleOverview,
  sampleRelease,
  sampleRollout,
  sampleTarget,
} from "../testing/sample-views.ts";
import { type EventSink, KEEP_ALIVE_MS, serveEvents } from "./event-stream.ts";
import { createLiveFeed, type LiveFeed } from "./live-feed.ts";

const OUTPUT = "what it printed ".repeat(64);
let clock: ManualClock;
let bus: Bus;
let feed: LiveFeed;
let errors: unknown[];
let agents: number;
let readingFails: boolean;
let readers: Reader[];

beforeEach(() => {
  clock = createManualClock();
  errors = [];
  agents = 2;
  readingFails = false;
  readers = [];
  bus = createLocalBus((error) => errors.push(error));
  feed = createLiveFeed({
    bus,
    clock,
    epoch: "e1",
    onError: (error) => errors.push(error),
    readOverview: async () => {
      if (readingFails) throw new Error("the database is gone");
      return sampleOverview({ agents, activeRollouts: ["r1"] });
    },
    releases: { get: async (key) => sampleRelease(key) },
    rollouts: {
      read: async (id) => {
        if (readingFails || id === "gone") throw notFound("rollout", id);
        return sampleRollout(id);
      },
      targetsById: async (rolloutId, ids) =>
        ids.map((id) => sampleTarget(id, { rolloutId, outputTail: OUTPUT })),
    },
  });
});
afterEach(async () => {
  for (const reader of readers) reader.sink.end();
  feed.close();
  await setImmediate();
});

interface Reader {
  readonly sink: EventSink;
  readonly lines: string[];
  /** Stops reading: what is written from now on waits. */
  block(): void;
  unblock(): void;
  readonly done: Promise<void>;
  events(): { id: string; event: string; data: Record<string, unknown> }[];
}

function read(
  options: { rolloutId?: string; lastEventId?: string; isAllowed?: () => Promise<boolean> } = {},
): Reader {
  const lines: string[] = [];
  const endings: (() => void)[] = [];
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  let ended = false;
  const sink: EventSink = {
    get ended() {
      return ended;
    },
    write: async (text) => {
      if (ended) return;
      lines.push(text);
      await gate.promise;
    },
    end: () => {
      if (ended) return;
      ended = true;
      gate.resolve();
      for (const callback of endings) callback();
    },
    onEnd: (callback) => void endings.push(callback),
  };
  const { rolloutId = null, lastEventId, isAllowed = async () => true } = options;
  const reader: Reader = {
    sink,
    lines,
    block: () => {
      gate = Promise.withResolvers();
    },
    unblock: () => gate.resolve(),
    done: serveEvents(feed, sink, { rolloutId, lastEventId, isAllowed, clock }),
    events: () =>
      lines
        .filter((text) => text.startsWith("id: "))
        .map((text) => {
          const [, id = "", event = "", data = ""] =
            /^id: (.*)\nevent: (.*)\ndata: (.*)\n\n$/.exec(text) ?? [];
          return { id, event, data: JSON.parse(data) as Record<string, unknown> };
        }),
  };
  readers.push(reader);
  return reader;
}

/** Lets everything that was begun come to its end, then the next interval pass. */
async function pass(ms: number) {
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  clock.advance(ms);
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
}

const names = (reader: Reader) => reader.events().map(({ event }) => event);

test("a release that changes is told once, however often, and to readers of one rollout too", async () => {
  const [all, one] = [read(), read({ rolloutId: "r1" })];
  await pass(0);
  for (let change = 0; change < 5; change += 1) {
    bus.publish({ kind: "release", product: "app", version: "1.1.0" });
  }
  await pass(250);
  for (const reader of [all, one]) {
    expect(reader.events().slice(2)).toMatchObject([
      { event: "release", data: { product: "app", version: "1.1.0", artifacts: [{ mirroredBytes: 1 }] } },
    ]);
  }
});

describe("a reader that is new", () => {
  test("gets the overview and the active rollouts, then what changes", async () => {
    const reader = read();
    await pass(0);
    expect(names(reader)).toEqual(["overview", "rollout"]);
    agents = 3;
    bus.publish({ kind: "agent", agentId: "a3" });
    await pass(250);
    expect(reader.events().at(-1)).toMatchObject({ event: "overview", data: { agents: 3 } });
  });

  test("of one rollout gets that one and the overview, and nothing of others", async () => {
    const reader = read({ rolloutId: "r2" });
    await pass(0);
    expect(reader.events().map(({ data }) => data["id"])).toEqual([undefined, "r2"]);
    bus.publish({ kind: "target", rolloutId: "r1", targetId: "t1" });
    bus.publish({ kind: "target", rolloutId: "r2", targetId: "t2" });
    await pass(250);
    expect(names(reader).slice(2)).toEqual(["targets", "rollout", "overview"]);
    expect(reader.events().at(2)?.data).toMatchObject({ rolloutId: "r2", targets: [{ id: "t2" }] });
  });
});

describe("changes", () => {
  test("that come together are one event of each kind", async () => {
    const reader = read();
    await pass(0);
    for (let index = 0; index < 50; index += 1) {
      bus.publish({ kind: "target", rolloutId: "r1", targetId: `t${index % 10}` });
    }
    await pass(250);
    expect(names(reader).slice(2)).toEqual(["targets", "rollout", "overview"]);
    expect(reader.events()[2]?.data["targets"]).toHaveLength(10);
  });

  test("come at most four times a second, the overview once", async () => {
    const reader = read();
    await pass(0);
    const seen: Record<string, number> = {};
    for (let tick = 0; tick < 40; tick += 1) {
      bus.publish({ kind: "rollout", rolloutId: "r1" });
      await pass(50);
    }
    for (const name of names(reader).slice(2)) seen[name] = (seen[name] ?? 0) + 1;
    expect(seen["rollout"]).toBeLessThanOrEqual(8);
    expect(seen["rollout"]).toBeGreaterThanOrEqual(6);
    expect(seen["overview"]).toBeLessThanOrEqual(3);
  });

  test("of very many targets are several events of 200", async () => {
    const reader = read();
    await pass(0);
    for (let index = 0; index < 450; index += 1) {
      bus.publish({ kind: "target", rolloutId: "r1", targetId: `t${index}` });
    }
    await pass(250);
    const sizes = reader
      .events()
      .filter(({ event }) => event === "targets")
      .map(({ data }) => (data["targets"] as unknown[]).length);
    expect(sizes).toEqual([200, 200, 50]);
  });
});

describe("a reader that comes back", () => {
  test("gets exactly what it missed", async () => {
    const first = read();
    await pass(0);
    bus.publish({ kind: "rollout", rolloutId: "r1" });
    await pass(250);
    const last = first.events().at(-1)?.id ?? "";
    first.sink.end();
    await first.done;
    bus.publish({ kind: "target", rolloutId: "r1", targetId: "t1" });
    await pass(1000);
    await pass(250);
    const again = read({ lastEventId: last });
    await pass(0);
    expect(names(again)).toEqual(["targets", "rollout", "overview"]);
  });

  test("missing nothing gets nothing, until something changes", async () => {
    const first = read();
    await pass(0);
    const last = first.events().at(-1)?.id ?? "";
    const again = read({ lastEventId: last });
    await pass(0);
    expect(names(again)).toEqual([]);
    bus.publish({ kind: "rollout", rolloutId: "r1" });
    await pass(250);
    expect(names(again)).toEqual(["rollout", "overview"]);
  });

  test.each(["e0-1", "e1-999999", "e1-0", "e1", "", "nonsense", "e1-1e9", "e1--1"])(
    "with a place that is not known, %j, begins anew with reset",
    async (lastEventId) => {
      read();
      await pass(0);
      bus.publish({ kind: "rollout", rolloutId: "r1" });
      await pass(250);
      const again = read({ lastEventId });
      await pass(0);
      expect(names(again)).toEqual(["reset", "overview", "rollout"]);
    },
  );

  test("too late, when nobody read for a minute, begins anew", async () => {
    const first = read();
    await pass(0);
    const last = first.events().at(-1)?.id ?? "";
    first.sink.end();
    await first.done;
    await pass(60_000);
    bus.publish({ kind: "rollout", rolloutId: "r1" });
    const again = read({ lastEventId: last });
    await pass(0);
    expect(names(again)[0]).toBe("reset");
  });
});

describe("a reader that is slow", () => {
  test("is not written to until it reads, and is told to begin anew when it lost its place", async () => {
    const reader = read();
    await pass(0);
    reader.block();
    const written = reader.lines.length;
    for (let second = 0; second < 25; second += 1) {
      for (let part = 0; part < 4; part += 1) {
        for (let index = 0; index < 200; index += 1) {
          bus.publish({ kind: "target", rolloutId: "r1", targetId: `t${index}` });
        }
        await pass(250);
      }
    }
    expect(reader.lines.slice(written).filter((text) => text.startsWith("id:"))).toHaveLength(1);
    reader.unblock();
    await pass(0);
    expect(names(reader).slice(-3)).toEqual(["reset", "overview", "rollout"]);
  });

  test("for too long is cut off", async () => {
    const reader = read();
    await pass(0);
    reader.block();
    for (let beat = 0; beat < 6; beat += 1) await pass(KEEP_ALIVE_MS);
    expect(reader.sink.ended).toBe(true);
  });
});

describe("a connection", () => {
  test("that is quiet is kept alive", async () => {
    const reader = read();
    await pass(0);
    await pass(KEEP_ALIVE_MS);
    await pass(KEEP_ALIVE_MS);
    expect(reader.lines.filter((text) => text === ": alive\n\n")).toHaveLength(2);
  });

  test("ends when its credentials do, or cannot be checked", async () => {
    const signedOut = read({ isAllowed: async () => false });
    const unknown = read({ isAllowed: () => Promise.reject(new Error("the database is gone")) });
    await pass(KEEP_ALIVE_MS);
    expect(signedOut.sink.ended).toBe(true);
    expect(unknown.sink.ended).toBe(true);
  });

  test("whose snapshot cannot be read ends with the error", async () => {
    const reader = read({ rolloutId: "gone" });
    await expect(reader.done).rejects.toMatchObject({ code: "RESOURCE_NOT_FOUND" });
    expect(reader.sink.ended).toBe(true);
  });

  test("whose changes cannot be read begins anew as soon as they can be", async () => {
    const reader = read();
    await pass(0);
    readingFails = true;
    bus.publish({ kind: "agent", agentId: "a1" });
    clock.advance(250);
    await Promise.resolve();
    readingFails = false;
    await pass(0);
    expect(errors).toHaveLength(1);
    expect(names(reader).slice(2)).toEqual(["reset", "overview", "rollout"]);
  });
});
