import { usage } from "./usage.ts";

/** A moment in ISO 8601, with the time zone written out, in milliseconds since 1970. */
export function parseTime(text: string): number {
  const hasZone = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  const ms = hasZone ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw usage("Write it like 2030-01-31T22:00:00Z or 2030-01-31T22:00+01:00.");
  return ms;
}
