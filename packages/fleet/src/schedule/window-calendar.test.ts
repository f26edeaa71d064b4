import type { MaintenanceWindow } from "@muster/core";
import { describe, expect, test } from "vitest";
import { createWindowCalendar } from "./window-calendar.ts";

const HOUR_MS = 3_600_000;
const at = (text: string) => Date.parse(text);
const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());

function hours(now: string, window: Partial<MaintenanceWindow>, hostZone = "UTC") {
  const whole = {
    rule: "FREQ=DAILY;BYHOUR=2;BYMINUTE=0",
    durationMs: 2 * HOUR_MS,
    timeZone: "host",
    ...window,
  };
  const found = createWindowCalendar().at(at(now), [whole], []);
  return { hours: found.of(hostZone), next: iso(found.nextChange()) };
}

describe("a window", () => {
  test.each([
    ["2026-06-01T01:59:59Z", "outside_window", "2026-06-01T02:00:00.000Z"],
    ["2026-06-01T02:00:00Z", "open", "2026-06-01T04:00:00.000Z"],
    ["2026-06-01T03:59:59Z", "open", "2026-06-01T04:00:00.000Z"],
    ["2026-06-01T04:00:00Z", "outside_window", "2026-06-02T02:00:00.000Z"],
  ])("at %s is %s until %s", (now, expected, next) => {
    expect(hours(now, {})).toEqual({ hours: expected, next });
  });

  test("goes over midnight and over the end of a month", () => {
    const window = { rule: "FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=23;BYMINUTE=0", durationMs: 3 * HOUR_MS };
    expect(hours("2026-03-01T01:30:00Z", window)).toEqual({
      hours: "open",
      next: "2026-03-01T02:00:00.000Z",
    });
  });

  test("of the host is in the host's zone, and of a named zone in that", () => {
    const noon = "2026-06-01T17:00:00Z";
    expect(hours(noon, {}, "Asia/Tokyo").hours).toBe("open");
    expect(hours(noon, {}, "Europe/Berlin").hours).toBe("outside_window");
    expect(hours(noon, { timeZone: "Asia/Tokyo" }, "Europe/Berlin").hours).toBe("open");
  });

  test("keeps to the clock on the wall when that is put forward and back", () => {
    const berlin = { timeZone: "Europe/Berlin" };
    expect(hours("2026-03-28T12:00:00Z", { ...berlin, rule: "FREQ=DAILY;BYHOUR=4;BYMINUTE=0" }).next).toBe(
      "2026-03-29T02:00:00.000Z",
    );
    expect(hours("2026-10-24T12:00:00Z", { ...berlin, rule: "FREQ=DAILY;BYHOUR=4;BYMINUTE=0" }).next).toBe(
      "2026-10-25T03:00:00.000Z",
    );
  });

  test("at an hour that the clock jumps over does not open that day", () => {
    const window = { timeZone: "Europe/Berlin", rule: "FREQ=DAILY;BYHOUR=2;BYMINUTE=30" };
    expect(hours("2026-03-28T12:00:00Z", window).next).toBe("2026-03-30T00:30:00.000Z");
  });
});

test("hours are asked again when they may have changed, by the same calendar", () => {
  const calendar = createWindowCalendar();
  const window = { rule: "FREQ=WEEKLY;BYDAY=SA;BYHOUR=8;BYMINUTE=0", durationMs: HOUR_MS, timeZone: "UTC" };
  const seen = [
    "2026-06-05T08:30:00Z",
    "2026-06-06T08:30:00Z",
    "2026-06-06T09:00:00Z",
    "2026-06-13T08:00:00Z",
  ];
  expect(seen.map((now) => calendar.at(at(now), [window], []).of("UTC"))).toEqual([
    "outside_window",
    "open",
    "outside_window",
    "open",
  ]);
});

test("without windows it is always open; a freeze is stronger than any window", () => {
  const calendar = createWindowCalendar();
  const freeze = { from: at("2026-12-20T00:00:00Z"), until: at("2027-01-03T00:00:00Z") };
  const before = calendar.at(at("2026-12-19T00:00:00Z"), [], [freeze]);
  expect([before.of("UTC"), iso(before.nextChange())]).toEqual(["open", "2026-12-20T00:00:00.000Z"]);
  const during = calendar.at(at("2026-12-24T00:00:00Z"), [], [freeze]);
  expect([during.of("UTC"), iso(during.nextChange())]).toEqual(["frozen", "2027-01-03T00:00:00.000Z"]);
  const after = calendar.at(freeze.until, [], [freeze]);
  expect([after.of("UTC"), after.nextChange()]).toEqual(["open", null]);
});
