import { ERROR_REGISTRY } from "../error-registry.ts";
import type { ErrorCode } from "../errors.ts";
import { array, integer, literal, nullable, object, oneOf, string } from "../parse/decode.ts";
import { nameDecoder } from "../release/manifest.ts";
import { versionDecoder, type Version } from "../release/version.ts";
import { idDecoder } from "./handoff.ts";

/** How one update ended on a host. */
export type OutcomeResult = "healthy" | "failed" | "rolled_back";

/**
 * The outcome the updater leaves in `outcomes/<targetId>.json` and the agent reports until the gateway has acknowledged
 * it. `failed`: nothing was switched. `rolled_back`: the new version ran and was taken back.
 */
export interface Outcome {
  readonly schema: 1;
  readonly targetId: string;
  readonly product: string;
  readonly result: OutcomeResult;
  /** The version that runs now, whatever was tried. */
  readonly survivingVersion: Version | null;
  readonly fromVersion: Version | null;
  readonly toVersion: Version;
  /** Null when healthy. */
  readonly code: ErrorCode | null;
  readonly message: string;
  /** The last lines the failing version printed; empty when healthy. */
  readonly outputTail: string;
  /** Wall clock, milliseconds since 1970. */
  readonly endedAt: number;
  /** From the end of the old process to the healthy new one, in milliseconds; null if nothing was switched. */
  readonly downtimeMs: number | null;
}

/** Longest `outputTail`, in characters. */
export const OUTPUT_TAIL_MAX = 8192;

/** Longest `message` of an outcome or of a rollback's cause, in characters. */
export const MESSAGE_MAX = 4096;

export const errorCodeDecoder = oneOf(Object.keys(ERROR_REGISTRY) as ErrorCode[]);

export const outcomeDecoder = object({
  schema: literal(1),
  targetId: idDecoder,
  product: nameDecoder,
  result: oneOf(["healthy", "failed", "rolled_back"]),
  survivingVersion: nullable(versionDecoder),
  fromVersion: nullable(versionDecoder),
  toVersion: versionDecoder,
  code: nullable(errorCodeDecoder),
  message: string({ max: MESSAGE_MAX }),
  outputTail: string({ max: OUTPUT_TAIL_MAX }),
  endedAt: integer(),
  downtimeMs: nullable(integer()),
});

/** `run/acknowledged.json`: the targets whose outcomes the gateway has taken; the updater prunes them. */
export interface Acknowledged {
  readonly schema: 1;
  readonly targetIds: readonly string[];
}

export const acknowledgedDecoder = object({
  schema: literal(1),
  targetIds: array(idDecoder, { max: 1000 }),
});
