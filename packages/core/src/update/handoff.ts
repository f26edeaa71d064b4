import { boolean, integer, literal, object, string } from "../parse/decode.ts";
import { nameDecoder, sha256Decoder } from "../release/manifest.ts";
import { versionDecoder, type Version } from "../release/version.ts";

/** Ids of targets, rollouts, agents: they are parts of file names. */
export const idDecoder = string({
  min: 1,
  max: 64,
  pattern: /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
  what: "letters, digits, - and _",
});

/**
 * What the agent asks the updater to do: `staging/handoff.json`, written last, after the archive, the manifest and its
 * signatures stand beside it, all fsynced. The updater takes nothing in it on trust: only `targetId`, `limits` and
 * `allowDowngrade` are used, the rest must agree with the signed manifest.
 */
export interface Handoff {
  readonly schema: 1;
  readonly targetId: string;
  readonly product: string;
  readonly version: Version;
  /** SHA-256 of the manifest's bytes. */
  readonly manifestDigest: string;
  readonly allowDowngrade: boolean;
  readonly limits: ProbationLimits;
}

/** The target of a version that the host's own package brings; the control plane knows nothing of it. */
export function packageTarget(manifestDigest: string): string {
  return `${PACKAGE_PREFIX}${manifestDigest.slice(0, 32)}`;
}

/** Whether nobody but the host knows a target, so that its outcome is not reported. */
export function isPackageTarget(targetId: string): boolean {
  return targetId.startsWith(PACKAGE_PREFIX);
}

const PACKAGE_PREFIX = "package-";

/** How long and how often a new version may try. */
export interface ProbationLimits {
  /** Until healthy, in milliseconds of monotonic time during which the gateway accepted connections. */
  readonly deadlineMs: number;
  /** How long it must stay healthy without a break, in milliseconds. */
  readonly stabilizationMs: number;
  /** Starts allowed before it counts as crashed. */
  readonly maxBoots: number;
}

export const DEFAULT_LIMITS: ProbationLimits = { deadlineMs: 180_000, stabilizationMs: 10_000, maxBoots: 3 };

const DAY_MS = 86_400_000;

export const limitsDecoder = object({
  deadlineMs: integer({ min: 1000, max: DAY_MS }),
  stabilizationMs: integer({ min: 0, max: DAY_MS }),
  maxBoots: integer({ min: 1, max: 20 }),
});

export const handoffDecoder = object({
  schema: literal(1),
  targetId: idDecoder,
  product: nameDecoder,
  version: versionDecoder,
  manifestDigest: sha256Decoder,
  allowDowngrade: boolean,
  limits: limitsDecoder,
});
