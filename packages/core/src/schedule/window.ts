import { array, integer, object, reject, string, type Decoder } from "../parse/decode.ts";

/** When hosts may be given updates: every occurrence of a rule opens a window. */
export interface MaintenanceWindow {
  /** A recurrence rule (RFC 5545 §3.3.10) of days with a time: `FREQ=WEEKLY;BYDAY=SA,SU;BYHOUR=2;BYMINUTE=0`. */
  readonly rule: string;
  readonly durationMs: number;
  /** A zone of the IANA time zone database, or `host`: each host's own. */
  readonly timeZone: string;
}

/** A time in which nothing is updated but in an emergency. Milliseconds since 1970; `until` is after it. */
export interface Freeze {
  readonly from: number;
  readonly until: number;
}

/** Whether hosts may be updated, as far as hours go. */
export type Hours = "open" | "outside_window" | "frozen";

export const HOST_ZONE = "host";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const WINDOWS_MAX = 20;

const NUMBERS = String.raw`\d{1,2}(?:,\d{1,2}){0,30}`;
const DAYS = "(?:[+-]?[1-5])?(?:MO|TU|WE|TH|FR|SA|SU)";
/** The parts a rule may have. Seconds, ends and counts mean nothing to a window. */
const PARTS: Readonly<Record<string, RegExp>> = {
  FREQ: /^(?:DAILY|WEEKLY|MONTHLY)$/,
  INTERVAL: /^[1-9]\d?$/,
  BYDAY: new RegExp(`^${DAYS}(?:,${DAYS}){0,34}$`),
  BYMONTHDAY: /^-?(?:[1-9]|[12]\d|3[01])(?:,-?(?:[1-9]|[12]\d|3[01])){0,30}$/,
  BYMONTH: /^(?:[1-9]|1[0-2])(?:,(?:[1-9]|1[0-2])){0,11}$/,
  BYHOUR: new RegExp(`^${NUMBERS}$`),
  BYMINUTE: new RegExp(`^${NUMBERS}$`),
};
const LARGEST: Readonly<Record<string, number>> = { BYHOUR: 23, BYMINUTE: 59 };

/** A rule that names days and at least an hour, in upper case and without what a window has no use for. */
const ruleDecoder: Decoder<string> = (value, path) => {
  const rule = string({ min: 1, max: 200 })(value, path).toUpperCase();
  const names = new Set<string>();
  for (const part of rule.split(";")) {
    const [name = "", text = "", ...more] = part.split("=");
    const form = PARTS[name];
    const largest = LARGEST[name] ?? Number.POSITIVE_INFINITY;
    const fits = form?.test(text) === true && text.split(",").every((item) => !(Number(item) > largest));
    if (!fits || more.length > 0 || names.has(name))
      reject(path, `has a part that a window cannot have: ${part.slice(0, 40)}`);
    names.add(name);
  }
  if (!names.has("FREQ") || !names.has("BYHOUR")) reject(path, "must have FREQ and BYHOUR");
  return names.has("BYMINUTE") ? rule : `${rule};BYMINUTE=0`;
};

const zoneDecoder: Decoder<string> = (value, path) => {
  const zone = string({ min: 1, max: 64 })(value, path);
  return zone === HOST_ZONE || isTimeZone(zone)
    ? zone
    : reject(path, "must be a time zone like Europe/Berlin, or host");
};

const windowDecoder: Decoder<MaintenanceWindow> = object({
  rule: ruleDecoder,
  durationMs: integer({ min: MINUTE_MS, max: 7 * DAY_MS }),
  timeZone: zoneDecoder,
});

/** Windows from outside; none at all is any time. */
export const windowsDecoder: Decoder<readonly MaintenanceWindow[]> = array(windowDecoder, {
  max: WINDOWS_MAX,
});

/** Whether there is such a zone in the time zone database. */
export function isTimeZone(name: string): boolean {
  try {
    // Its constructor is what knows the zones.
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
