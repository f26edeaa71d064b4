import { expect, test } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import { addressKey, createAttemptLimit } from "./attempt-limit.ts";

function limitOf(keysMax?: number) {
  const clock = createFakeClock();
  const limit = createAttemptLimit(clock, { burst: 10, refillMs: 6000 }, keysMax);
  return { limit, pass: (ms: number) => clock.goTo(clock.now() + ms) };
}

test("ten attempts are answered at once, and then one every six seconds", () => {
  const { limit, pass } = limitOf();
  const verdicts = Array.from({ length: 12 }, () => limit.take("a"));
  expect(verdicts).toEqual([...Array.from({ length: 10 }, () => null), 6000, 6000]);
  pass(6000);
  expect(limit.take("a")).toBeNull();
  expect(limit.take("a")).toBe(6000);
  pass(60_000);
  const after = Array.from({ length: 11 }, () => limit.take("a"));
  expect(after.filter((verdict) => verdict === null)).toHaveLength(10);
});

test("each key has its own count", () => {
  const { limit } = limitOf();
  for (let index = 0; index < 20; index += 1) limit.take("a");
  expect(limit.take("b")).toBeNull();
});

test("a good attempt wipes the slate", () => {
  const { limit } = limitOf();
  for (let index = 0; index < 10; index += 1) limit.take("a");
  limit.forgive("a");
  expect(limit.take("a")).toBeNull();
});

test("what is remembered is bounded", () => {
  const { limit } = limitOf(100);
  for (let index = 0; index < 20; index += 1) limit.take("first");
  for (let index = 0; index < 100; index += 1) limit.take(`other-${index}`);
  expect(limit.take("first")).toBeNull();
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
])("%s counts as %s", (address, key) => {
  expect(addressKey(address)).toBe(key);
});
