const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago or ahead, short: `now`, `12 s ago`, `in 4 min`, `3 d ago`. */
export function relativeTime(at: number, now: number): string {
  const distance = Math.abs(now - at);
  if (distance < 5 * SECOND) return "now";
  return at <= now ? `${roughly(distance)} ago` : `in ${roughly(distance)}`;
}

/** A duration in its two largest useful units: `8 s`, `2 min 05 s`, `1 h 04 min`, `3 d 2 h`. */
export function duration(ms: number): string {
  const total = Math.max(0, ms);
  if (total < SECOND) return `${Math.round(total)} ms`;
  if (total < MINUTE) return `${Math.floor(total / SECOND)} s`;
  if (total < HOUR) return `${Math.floor(total / MINUTE)} min ${two((total % MINUTE) / SECOND)} s`;
  if (total < DAY) return `${Math.floor(total / HOUR)} h ${two((total % HOUR) / MINUTE)} min`;
  return `${Math.floor(total / DAY)} d ${Math.floor((total % DAY) / HOUR)} h`;
}

/** A short duration to the tenth of a second, a longer one like any: `380 ms`, `2.1 s`, `3 min 01 s`. */
export function fineDuration(ms: number): string {
  return ms >= SECOND && ms < 10 * SECOND ? `${(Math.floor(ms / 100) / 10).toFixed(1)} s` : duration(ms);
}

/** A setting's duration, with no parts that are zero: `30 s`, `5 min`, `1 h 30 min`. */
export function exactDuration(ms: number): string {
  const units: readonly [number, string][] = [
    [DAY, "d"],
    [HOUR, "h"],
    [MINUTE, "min"],
    [SECOND, "s"],
  ];
  let left = ms;
  const parts: string[] = [];
  for (const [size, name] of units) {
    if (left >= size) parts.push(`${Math.floor(left / size)} ${name}`);
    left %= size;
  }
  return parts.length === 0 ? `${ms} ms` : parts.join(" ");
}

/** What remains, as a clock: `04:12`, `1:04:12`. Never below zero. */
export function countdown(until: number, now: number): string {
  const seconds = Math.max(0, Math.ceil((until - now) / SECOND));
  const hours = Math.floor(seconds / 3600);
  const clock = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours === 0 ? clock : `${hours}:${clock}`;
}

/** Date, time and zone, for the hover and for copying: `2026-05-04 13:07:09 UTC+2`. */
export function absoluteTime(at: number): string {
  const date = new Date(at);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time} ${zone(-date.getTimezoneOffset())}`;
}

function zone(offsetMinutes: number): string {
  if (offsetMinutes === 0) return "UTC";
  const sign = offsetMinutes < 0 ? "−" : "+";
  const size = Math.abs(offsetMinutes);
  const minutes = size % 60 === 0 ? "" : `:${two(size % 60)}`;
  return `UTC${sign}${Math.floor(size / 60)}${minutes}`;
}

function roughly(distance: number): string {
  if (distance < MINUTE) return `${Math.floor(distance / SECOND)} s`;
  if (distance < HOUR) return `${Math.floor(distance / MINUTE)} min`;
  if (distance < DAY) return `${Math.floor(distance / HOUR)} h`;
  return `${Math.floor(distance / DAY)} d`;
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}
