import { type MaintenanceWindow, MusterError, parse, windowsDecoder } from "@muster/core";
import { parseDuration } from "./duration.ts";
import { usage } from "./usage.ts";

const FORM = /^(?<when>\S+(?: \d{1,2}:\d{2})?) for (?<duration>\S+)(?: in (?<zone>\S+))?$/;
const DAYS: Readonly<Record<string, string>> = {
  mon: "MO",
  tue: "TU",
  wed: "WE",
  thu: "TH",
  fri: "FR",
  sat: "SA",
  sun: "SU",
};

/**
 * `sat,sun 02:00 for 4h in Europe/Berlin`, `daily 22:30 for 90m` (in each host's own time), or a recurrence rule in place
 * of days and time. `USAGE_INVALID`.
 */
export function parseWindow(text: string): MaintenanceWindow {
  const { when, duration, zone = "host" } = FORM.exec(text.trim())?.groups ?? {};
  if (when === undefined || duration === undefined) {
    throw usage(
      "Write it as `sat,sun 02:00 for 4h in Europe/Berlin`; without a zone it is each host's own time.",
    );
  }
  const window = { rule: ruleOf(when), durationMs: parseDuration(duration), timeZone: zone };
  try {
    const [read] = parse.decode(windowsDecoder, [window], "USAGE_INVALID");
    if (read) return read;
  } catch (error) {
    if (error instanceof MusterError) throw usage(`${error.message}.`);
    throw error;
  }
  throw usage("Give a window.");
}

function ruleOf(when: string): string {
  const [days = "", time] = when.split(" ");
  if (time === undefined) return days;
  const [hour, minute] = time.split(":").map(Number);
  const at = `BYHOUR=${hour};BYMINUTE=${minute}`;
  if (days === "daily") return `FREQ=DAILY;${at}`;
  const names = days
    .toLowerCase()
    .split(",")
    .map((day) => DAYS[day]);
  if (names.includes(undefined)) throw usage("Days are mon, tue, wed, thu, fri, sat and sun, or daily.");
  return `FREQ=WEEKLY;BYDAY=${names.join(",")};${at}`;
}

/** The same in words. */
export function windowText({ rule, durationMs, timeZone }: MaintenanceWindow): string {
  const minutes = Math.round(durationMs / 60_000);
  const zone = timeZone === "host" ? "each host's own time" : timeZone;
  return `${rule} for ${minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`} in ${zone}`;
}
