import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MusterError } from "../errors.ts";
import { decode } from "../parse/decode.ts";
import { isTimeZone, windowsDecoder } from "./window.ts";

const HOUR_MS = 3_600_000;
const window = (change: object) => [
  { rule: "FREQ=WEEKLY;BYDAY=SA,SU;BYHOUR=2;BYMINUTE=30", durationMs: HOUR_MS, timeZone: "host", ...change },
];
const read = (value: unknown) => decode(windowsDecoder, value, "ROLLOUT_PLAN_INVALID");

test.each([
  ["FREQ=DAILY;BYHOUR=2;BYMINUTE=0"],
  ["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH;BYHOUR=0,12;BYMINUTE=0,30"],
  ["FREQ=MONTHLY;BYDAY=1SU;BYHOUR=23;BYMINUTE=59"],
  ["FREQ=MONTHLY;BYMONTHDAY=1,15,-1;BYMONTH=1,7;BYHOUR=3;BYMINUTE=5"],
])("%s is a window's rule", (rule) => {
  expect(read(window({ rule }))[0]?.rule).toBe(rule);
});

test("a rule is read in any case, and begins at the full hour unless it says otherwise", () => {
  expect(read(window({ rule: "freq=daily;byhour=4" }))[0]?.rule).toBe("FREQ=DAILY;BYHOUR=4;BYMINUTE=0");
});

describe("a window is refused", () => {
  test.each([
    ["without hours", { rule: "FREQ=DAILY" }],
    ["without a frequency", { rule: "BYDAY=MO;BYHOUR=2" }],
    ["that is hourly", { rule: "FREQ=HOURLY;BYHOUR=2" }],
    ["at 24:00", { rule: "FREQ=DAILY;BYHOUR=24" }],
    ["at minute 60", { rule: "FREQ=DAILY;BYHOUR=1;BYMINUTE=60" }],
    ["that ends some day", { rule: "FREQ=DAILY;BYHOUR=1;UNTIL=20300101T000000Z" }],
    ["with a part twice", { rule: "FREQ=DAILY;BYHOUR=1;BYHOUR=2" }],
    ["on a day that there is not", { rule: "FREQ=WEEKLY;BYDAY=XX;BYHOUR=1" }],
    ["with another rule in it", { rule: "FREQ=DAILY;BYHOUR=1\nRRULE:FREQ=SECONDLY" }],
    ["in a zone that there is not", { timeZone: "Mars/Olympus" }],
    ["that is over before it has begun", { durationMs: 0 }],
    ["that never closes", { durationMs: 8 * 24 * HOUR_MS }],
  ])("%s", (_, change) => {
    expect(() => read(window(change))).toThrow(expect.objectContaining({ code: "ROLLOUT_PLAN_INVALID" }));
  });
});

/** The rule as it is read, or the code that it is refused with. */
function readRule(rule: string): string {
  try {
    return read(window({ rule }))[0]?.rule ?? "";
  } catch (error) {
    return error instanceof MusterError ? error.code : "another error";
  }
}

test("any text either is a rule or is refused with the code", () => {
  const parts = fc.constantFrom(
    "FREQ=DAILY",
    "BYHOUR=2",
    "BYDAY=MO",
    "BYMINUTE=7",
    "INTERVAL=0",
    ";",
    "=",
    "X",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(parts).map((all) => all.join(";")),
      ),
      (rule) => {
        expect(readRule(rule)).toMatch(/^(?:ROLLOUT_PLAN_INVALID|[A-Z]+=.*BYMINUTE=.*|.*BYMINUTE=.*)$/);
      },
    ),
  );
});

test("zones are those of the time zone database", () => {
  expect(["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires"].every(isTimeZone)).toBe(true);
  expect(["", "Berlin", "host", "+25:00"].some(isTimeZone)).toBe(false);
});
