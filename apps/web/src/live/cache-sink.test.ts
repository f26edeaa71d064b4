import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { KEYS, LIVE } from "../api/queries.ts";
import { createFakeFleet } from "../testing/fake-fleet.ts";
import { createCacheSink } from "./cache-sink.ts";
import { NOTHING_PENDING, type Pending } from "./pending.ts";

const fleet = createFakeFleet("busy", 80, 1_700_000_000_000);
const moving = fleet.rollouts().at(-1)!;
const rollout = moving.view();
const targets = moving.targets();

function setUp(time = { now: 100_000 }) {
  const client = new QueryClient();
  const sink = createCacheSink(client, () => time.now);
  const isOutdated = (queryKey: readonly unknown[]) =>
    client.getQueryCache().find({ queryKey })?.state.isInvalidated === true;
  return { client, sink, time, isOutdated };
}

const arriving = (change: Partial<Pending>): Pending => ({ ...NOTHING_PENDING, ...change });
const pages = <T>(items: readonly T[]) => ({
  pages: [{ items, nextCursor: null, total: items.length }],
  pageParams: [null],
});

test("a target that moved is replaced where it stands in the loaded pages", () => {
  const { client, sink } = setUp();
  const key = [...KEYS.targets(rollout.id), {}];
  client.setQueryData(key, pages(targets));
  const moved = { ...targets[0]!, state: "healthy" as const };
  sink.beat(arriving({ targets: new Map([[moved.id, moved]]) }));
  const shown = client.getQueryData<ReturnType<typeof pages<typeof moved>>>(key);
  expect(shown?.pages[0]?.items[0]?.state).toBe("healthy");
  expect(shown?.pages[0]?.items[1]).toBe(targets[1]);
});

test("a rollout is replaced on its own page and in the lists, never by an older revision", () => {
  const { client, sink } = setUp();
  client.setQueryData(KEYS.rollout(rollout.id), { ...rollout, revision: rollout.revision + 5 });
  client.setQueryData([...KEYS.rolloutLists, "all"], pages([rollout]));
  const arrived = { ...rollout, revision: rollout.revision + 1, state: "paused" as const };
  sink.beat(arriving({ rollouts: new Map([[rollout.id, arrived]]) }));
  expect(client.getQueryData(KEYS.rollout(rollout.id))).toMatchObject({ revision: rollout.revision + 5 });
  expect(client.getQueryData([...KEYS.rolloutLists, "all"])).toMatchObject({
    pages: [{ items: [{ state: "paused" }] }],
  });
});

test("a list filtered by what has moved is read again, an unfiltered one is not", () => {
  const { client, sink, isOutdated } = setUp();
  const all = [...KEYS.targets(rollout.id), {}];
  const failed = [...KEYS.targets(rollout.id), { group: "failed" }];
  client.setQueryData(all, pages(targets));
  client.setQueryData(failed, pages([]));
  sink.beat(arriving({ targets: new Map([[targets[0]!.id, targets[0]!]]) }));
  expect(isOutdated(failed)).toBe(true);
  expect(isOutdated(all)).toBe(false);
});

test("a list is read again when a retry has made a target that it lacks", () => {
  const { client, sink, isOutdated } = setUp();
  const all = [...KEYS.targets(rollout.id), {}];
  client.setQueryData(all, pages(targets));
  const retried = { ...targets[0]!, id: "t_new", attempt: 2 };
  sink.beat(arriving({ targets: new Map([[retried.id, retried]]) }));
  expect(isOutdated(all)).toBe(true);
});

test("lists are read again at most every five seconds, and the last change is not forgotten", () => {
  const { client, sink, time, isOutdated } = setUp();
  const key = [...KEYS.agents, {}];
  const overview = fleet.overview();
  client.setQueryData(key, pages([]));
  sink.beat(arriving({ overview }));
  expect(isOutdated(key)).toBe(true);

  client.setQueryData(key, pages([]));
  time.now += 1000;
  sink.beat(arriving({ overview }));
  expect(isOutdated(key)).toBe(false);
  time.now += 4000;
  sink.beat(NOTHING_PENDING);
  expect(isOutdated(key)).toBe(true);
});

test("a refresh marks everything that the stream keeps, and nothing else", () => {
  const { client, sink, isOutdated } = setUp();
  client.setQueryData(KEYS.overview, fleet.overview());
  client.setQueryData(KEYS.session, {});
  sink.refresh();
  expect(isOutdated(KEYS.overview)).toBe(true);
  expect(isOutdated(KEYS.session)).toBe(false);
  expect(KEYS.overview[0]).toBe(LIVE);
});
