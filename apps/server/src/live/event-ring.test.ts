import { describe, expect, test } from "vitest";
import { createEventRing } from "./event-ring.ts";

const ringOf = (texts: readonly string[], limits = { entries: 3, bytes: 1000 }) => {
  const ring = createEventRing(limits);
  for (const text of texts) ring.append({ rolloutId: null }, (sequence) => `${sequence}${text}`);
  return ring;
};

test("a reader follows from where it stands", () => {
  const ring = ringOf(["a", "b"]);
  expect(ring.newest).toBe(2);
  expect(ring.after(0)?.text).toBe("1a");
  expect(ring.after(1)?.text).toBe("2b");
  expect(ring.after(2)).toBeUndefined();
});

describe("what fell out", () => {
  test.each([
    ["by number", { entries: 3, bytes: 1000 }],
    ["by size", { entries: 100, bytes: 7 }],
  ])("is known to be gone, %s", (_how, limits) => {
    const ring = ringOf(["a", "b", "c", "d", "e"], limits);
    expect(ring.reaches(1)).toBe(false);
    expect(ring.reaches(2)).toBe(true);
    expect(ring.after(2)?.text).toBe("3c");
    expect(ring.reaches(5)).toBe(true);
    expect(ring.reaches(6)).toBe(false);
  });

  test("of a ring that was cleared, every place is gone", () => {
    const ring = ringOf(["a", "b"]);
    ring.clear();
    expect(ring.reaches(2)).toBe(false);
    expect(ring.reaches(ring.newest)).toBe(true);
    ring.append({ rolloutId: null }, (sequence) => `${sequence}c`);
    expect(ring.reaches(2)).toBe(false);
    expect(ring.after(3)?.text).toBe("4c");
  });

  test("an event larger than the ring is not kept", () => {
    const ring = ringOf(["x".repeat(50)], { entries: 3, bytes: 10 });
    expect(ring.after(0)).toBeUndefined();
    expect(ring.reaches(0)).toBe(false);
    expect(ring.reaches(1)).toBe(true);
  });
});
