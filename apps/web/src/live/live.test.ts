import { expect, test } from "vitest";
import type { Fetch } from "../api/request.ts";
import { createLive } from "./live.ts";
import type { Pending } from "./pending.ts";
import type { Ticker } from "./ticker.ts";

/** A stream that the test writes and a clock that it beats. */
function setUp() {
  const beats = new Set<() => void>();
  const ticker: Ticker = {
    now: () => 0,
    subscribe: (listener) => {
      beats.add(listener);
      return () => beats.delete(listener);
    },
  };
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const urls: string[] = [];
  const fetch: Fetch = async (url, init) => {
    urls.push(url);
    const stream = new ReadableStream<Uint8Array>({
      start: (own) => {
        controller = own;
        init.signal?.addEventListener("abort", () => own.error(new Error("aborted")));
      },
    });
    return new Response(stream, { headers: { "content-type": "text/event-stream" } });
  };
  const arrived: Pending[] = [];
  let refreshed = 0;
  const sink = {
    beat: (pending: Pending) => void arrived.push(pending),
    refresh: () => {
      refreshed += 1;
    },
  };
  const live = createLive({ fetch, now: () => 7, random: () => 0, after: () => () => {}, ticker }, sink);
  const untilHeard = async (count: number) => {
    const encoder = new TextEncoder();
    for (let index = 0; index < count; index += 1) {
      controller?.enqueue(encoder.encode(`id: ${index}\nevent: overview\ndata: {"agents":${index}}\n\n`));
    }
    // Everything that is queued has been read when a later task runs.
    await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const opened = () =>
    new Promise<void>((resolve) => {
      const stop = live.subscribe(() => {
        if (live.status().connection.kind !== "open") return;
        stop();
        resolve();
      });
    });
  const beat = () => {
    for (const listener of beats) listener();
  };
  return { live, arrived, urls, beats, untilHeard, opened, beat, refreshed: () => refreshed };
}

test("a hundred events between two beats reach the page once, as the last of them", async () => {
  const { live, arrived, untilHeard, opened, beat } = setUp();
  const open = opened();
  const close = live.watch(null);
  await open;
  await untilHeard(100);
  expect(arrived).toEqual([]);
  beat();
  expect(arrived).toHaveLength(1);
  expect(arrived[0]?.overview).toEqual({ agents: 99 });
  close();
});

test("snapshots are read again when a stream begins that goes on from nothing", async () => {
  const { live, opened, refreshed } = setUp();
  const open = opened();
  const close = live.watch(null);
  await open;
  expect(refreshed()).toBe(1);
  close();
});

test("a rollout's page listens to that rollout only", () => {
  const { live, urls } = setUp();
  live.watch("r_1")();
  expect(urls).toEqual(["/api/v1/live?rollout=r_1"]);
});

test("nothing beats on after the stream was closed", () => {
  const { live, beats } = setUp();
  live.watch(null)();
  expect(beats.size).toBe(0);
});
