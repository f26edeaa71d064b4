import { array, boolean, integer, literal, nullable, object, string } from "../parse/decode.ts";
import { versionDecoder, type Version } from "../release/version.ts";

/**
 * What the running version says of itself: `run/health.json`, replaced whole at every change and at least every five
 * seconds. The updater believes it only for the version, boot and process it is watching.
 */
export interface HealthReport {
  readonly schema: 1;
  readonly version: Version;
  readonly bootId: string;
  readonly pid: number;
  /** Monotonic time of writing, in milliseconds since boot. */
  readonly writtenAtMs: number;
  /** Monotonic time since when the stream to the gateway has been open and accepted, or null. */
  readonly connectedSinceMs: number | null;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly message: string }[];
}

/** A report older than this says nothing any more. */
export const HEALTH_STALE_MS = 15_000;

export const healthDecoder = object({
  schema: literal(1),
  version: versionDecoder,
  bootId: string({ min: 1, max: 64 }),
  pid: integer({ min: 1 }),
  writtenAtMs: integer(),
  connectedSinceMs: nullable(integer()),
  checks: array(object({ name: string({ min: 1, max: 64 }), ok: boolean, message: string({ max: 1024 }) }), {
    max: 64,
  }),
});
