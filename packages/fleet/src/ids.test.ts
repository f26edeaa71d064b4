import { idDecoder, parse } from "@muster/core";
import { expect, test } from "vitest";
import { createSystemRandom } from "./adapters/system-random.ts";
import { createIdSource } from "./ids.ts";

const random = createSystemRandom();
const clockAt = (times: readonly number[]) => {
  let index = 0;
  return { now: () => times[Math.min(index++, times.length - 1)] ?? 0, wakeAt: () => () => undefined };
};

test("ids made one after the other sort in that order, also within a millisecond and when the clock goes back", () => {
  const newId = createIdSource(clockAt([5, 5, 5, 6, 4, 1_900_000_000_000]), random);
  const ids = Array.from({ length: 500 }, newId);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(500);
});

test("an id is one by the rules of the wire", () => {
  const newId = createIdSource(clockAt([1_900_000_000_000]), random);
  expect(parse.decode(idDecoder, newId(), "INTERNAL_UNEXPECTED")).toHaveLength(26);
});

test("ids of two processes differ though their clocks agree", () => {
  const ids = [clockAt([5]), clockAt([5])].map((clock) => createIdSource(clock, random)());
  expect(ids[0]).not.toBe(ids[1]);
});
