import { parseDuration } from "./duration.ts";
import { parseTime } from "./time.ts";

/** A moment in ISO 8601, or how long ago it was: `2h`. In milliseconds since 1970. */
export function parseSince(now: () => number): (text: string) => number {
  return (text) => (/^\d{4}-/.test(text) ? parseTime(text) : now() - parseDuration(text));
}
