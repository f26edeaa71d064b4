import {
  boolean,
  decode,
  integer,
  literal,
  object,
  optional,
  variants,
  type Decoder,
} from "../parse/decode.ts";
import { nameDecoder } from "../release/manifest.ts";
import type { ReleaseState } from "../release/release-state.ts";
import { versionDecoder, type Version } from "../release/version.ts";
import type { PreviewAgent, ReleaseFacts } from "../rollout/preview.ts";
import type { Rollout, RolloutSpec } from "../rollout/rollout.ts";
import { type RolloutInput, specifyRollout } from "../rollout/spec.ts";

/** What decides the version that a group's agents are to run. */
export type Track =
  /** The newest release of the channel that is ready. */
  | { readonly kind: "channel"; readonly channel: string }
  | { readonly kind: "version"; readonly version: Version; readonly allowDowngrade: boolean };

/** How agents follow that come, or come back, when the release's own rollout is over. Times in milliseconds. */
export interface FollowUp {
  /** Shortest time between two such rollouts. */
  readonly everyMs: number;
  /** Most agents in one of them. */
  readonly atMost: number;
  /** A rollout that waits for nobody but offline agents ends after so long; they follow when they return. */
  readonly offlineAfterMs: number;
}

export const DEFAULT_FOLLOW_UP: FollowUp = { everyMs: 60_000, atMost: 100, offlineAfterMs: 600_000 };

/** The plan of the rollouts that a desired state makes. */
export interface DesiredPlan
  extends Omit<RolloutSpec, "product" | "version" | "cohort" | "allowDowngrade" | "priority" | "startAt"> {
  readonly followUp: FollowUp;
}

export interface DesiredPlanInput
  extends Omit<RolloutInput, "product" | "version" | "cohort" | "allowDowngrade" | "priority" | "startAt"> {
  readonly followUp?: { readonly [Name in keyof FollowUp]?: FollowUp[Name] | undefined } | undefined;
}

/** What the agents of one product in one group are to run. */
export interface DesiredState {
  readonly groupId: string;
  readonly product: string;
  readonly track: Track;
  readonly plan: DesiredPlan;
  /** What went wrong before this moment holds nothing back any more: an operator has looked at it. */
  readonly clearedAt: number;
}

/** A release of a product, as far as a desired state looks at it. */
export interface DesiredRelease extends ReleaseFacts {
  readonly product: string;
  readonly state: ReleaseState["kind"];
}

/** A rollout that a desired state has made. */
export interface GroupRollout {
  readonly id: string;
  readonly groupId: string;
  readonly product: string;
  readonly version: Version;
  /** `release`: the first to a version, with the whole plan; `follow_up`: for those who came later. */
  readonly kind: "release" | "follow_up";
  readonly state: Rollout["state"];
  readonly createdAt: number;
  readonly endedAt: number | null;
  /** Since when it waits for nobody but offline agents; null: it does not. */
  readonly waitsForOfflineSince: number | null;
}

/** An agent that does not run what its group is to run. */
export interface DriftingAgent extends PreviewAgent {
  /** What it has done with this very version since the state was last cleared. */
  readonly past: "none" | "failed" | "taken_back";
}

const DAY_MS = 86_400_000;

const trackDecoder: Decoder<Track> = (value, path) => {
  const track = variants({
    channel: object({ kind: literal("channel"), channel: nameDecoder }),
    version: object({
      kind: literal("version"),
      version: versionDecoder,
      allowDowngrade: optional(boolean),
    }),
  })(value, path);
  return track.kind === "channel" ? track : { ...track, allowDowngrade: track.allowDowngrade ?? false };
};

const followUpDecoder = object({
  everyMs: optional(integer({ min: 1000, max: 30 * DAY_MS })),
  atMost: optional(integer({ min: 1, max: 100_000 })),
  offlineAfterMs: optional(integer({ min: 1000, max: 30 * DAY_MS })),
});

/** A track from outside. Throws `ROLLOUT_PLAN_INVALID`. */
export function parseTrack(value: unknown): Track {
  return decode(trackDecoder, value, "ROLLOUT_PLAN_INVALID");
}

/** A plan from what was asked, with the defaults of every rollout. Throws `ROLLOUT_PLAN_INVALID`. */
export function specifyDesiredPlan({ followUp, ...input }: DesiredPlanInput): DesiredPlan {
  // Whatever a rollout can be told, a plan can: what the desired state decides itself goes.
  const spec = specifyRollout({ ...input, product: "any", version: "0.0.0", cohort: { kind: "all" } });
  const plan = Object.fromEntries(Object.entries(spec).filter(([name]) => !DECIDED.has(name)));
  const asked = decode(followUpDecoder, followUp ?? {}, "ROLLOUT_PLAN_INVALID");
  return { ...(plan as Omit<DesiredPlan, "followUp">), followUp: { ...DEFAULT_FOLLOW_UP, ...asked } };
}

/** What of a rollout's specification the desired state decides itself. */
const DECIDED: ReadonlySet<string> = new Set([
  "product",
  "version",
  "cohort",
  "allowDowngrade",
  "priority",
  "startAt",
] satisfies (keyof RolloutSpec)[]);
