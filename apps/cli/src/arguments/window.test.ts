import { expect, test } from "vitest";
import { parseWindow } from "./window.ts";

test.each([
  ["sat,sun 02:00 for 4h in Europe/Berlin", "FREQ=WEEKLY;BYDAY=SA,SU;BYHOUR=2;BYMINUTE=0", "Europe/Berlin"],
  ["daily 22:30 for 240m", "FREQ=DAILY;BYHOUR=22;BYMINUTE=30", "host"],
  ["FREQ=MONTHLY;BYDAY=1SU;BYHOUR=3 for 4h in UTC", "FREQ=MONTHLY;BYDAY=1SU;BYHOUR=3;BYMINUTE=0", "UTC"],
])("%s", (text, rule, timeZone) => {
  expect(parseWindow(text)).toEqual({ rule, durationMs: 4 * 3_600_000, timeZone });
});

test.each([
  "",
  "sat 02:00",
  "sat for 4h",
  "someday 02:00 for 4h",
  "sat 25:00 for 4h",
  "sat 02:00 for 4h in Atlantis",
  "sat 02:00 for 30d",
])("%j is refused", (text) => {
  expect(() => parseWindow(text)).toThrow(expect.objectContaining({ code: "USAGE_INVALID" }));
});
