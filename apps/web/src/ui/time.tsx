import { useNow } from "../app/services.ts";
import { absoluteTime, countdown, duration, relativeTime } from "../format/time.ts";

/** A moment, as the distance from now; the date, time and zone are on the hover. */
export function Time({ at }: { readonly at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={absoluteTime(at)}>
      {relativeTime(at, useNow())}
    </time>
  );
}

/** How long something has gone on since a moment. */
export function Elapsed({ since }: { readonly since: number }) {
  return (
    <time dateTime={new Date(since).toISOString()} title={`since ${absoluteTime(since)}`}>
      {duration(useNow() - since)}
    </time>
  );
}

/** What remains until a moment. */
export function Countdown({ until }: { readonly until: number }) {
  return (
    <time dateTime={new Date(until).toISOString()} title={absoluteTime(until)}>
      {countdown(until, useNow())}
    </time>
  );
}
