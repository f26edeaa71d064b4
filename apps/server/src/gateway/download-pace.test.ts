import { describe, expect, test } from "vitest";
import { createDownloadPace } from "./download-pace.ts";

const PIECE = 1000;

/** A clock that goes from one wake-up to the next. */
function createSteppingClock() {
  let time = 0;
  const wakes = new Set<{ readonly at: number; readonly callback: () => void }>();
  return {
    now: () => time,
    wakeAt: (at: number, callback: () => void) => {
      const wake = { at, callback };
      wakes.add(wake);
      return () => void wakes.delete(wake);
    },
    runTo: (end: number) => {
      for (;;) {
        const [next] = [...wakes].filter(({ at }) => at < end).toSorted((a, b) => a.at - b.at);
        if (!next) return;
        wakes.delete(next);
        time = next.at;
        next.callback();
      }
    },
  };
}

/** Bytes that each download got in the time given, or all it wants. */
const run = (rate: number | null, downloads: number, forMs: number) => {
  const clock = createSteppingClock();
  const pace = createDownloadPace(rate, clock);
  const sent = Array.from({ length: downloads }, () => 0);
  const ask = (index: number) => {
    pace.next(PIECE, () => {
      sent[index] = (sent[index] ?? 0) + PIECE;
      if ((sent[index] ?? 0) < 1_000_000) ask(index);
    });
  };
  for (const index of sent.keys()) ask(index);
  clock.runTo(forMs);
  return sent;
};

describe("the pace of downloads", () => {
  test("is the rate, in all", () => {
    const sent = run(10_000, 3, 10_000);
    expect(sent.reduce((a, b) => a + b, 0)).toBe(100_000);
  });

  test("is shared equally, to a piece or two, and one alone has all of it", () => {
    const sent = run(10_000, 4, 10_000);
    expect(Math.max(...sent) - Math.min(...sent)).toBeLessThanOrEqual(2 * PIECE);
    expect(run(10_000, 1, 10_000)).toEqual([100_000]);
  });

  test("without a rate nothing waits", () => {
    expect(run(null, 2, 1)).toEqual([1_000_000, 1_000_000]);
  });

  test("a turn that is given up is not taken", () => {
    const clock = createSteppingClock();
    const pace = createDownloadPace(1000, clock);
    const taken: string[] = [];
    pace.next(PIECE, () => taken.push("first"));
    const giveUp = pace.next(PIECE, () => taken.push("second"));
    giveUp();
    clock.runTo(10_000);
    expect(taken).toEqual(["first"]);
  });
});
