import { compareVersions, type Version } from "../release/version.ts";
import { isRolloutEnded } from "../rollout/rollout-machine.ts";
import type { DesiredRelease, DesiredState, GroupRollout, Track } from "./desired-state.ts";

/** Why nothing is rolled out until an operator acts. */
export const HELD_TEXT = {
  paused: "a rollout of the group is paused",
  rolling_back: "a rollout of the group returns its agents",
  canceled: "a rollout of this version was canceled",
  failed: "a rollout of this version failed",
  rolled_back: "a rollout of this version was rolled back",
} as const;
export type HeldWhy = keyof typeof HELD_TEXT;

/** Why there is no version to go to. */
export const NO_RELEASE_TEXT = {
  channel_empty: "no release of the channel is ready",
  not_published: "the version is not published",
  not_ready: "the release is not ready",
  yanked: "the release was yanked",
} as const;
export type NoReleaseWhy = keyof typeof NO_RELEASE_TEXT;

/** How a desired state stands, whoever its agents are. */
export type DesiredPhase =
  | { readonly kind: "no_release"; readonly why: NoReleaseWhy }
  /** One of its rollouts is under way; no other begins. */
  | { readonly kind: "rolling_out"; readonly rolloutId: string }
  | { readonly kind: "held"; readonly why: HeldWhy; readonly rolloutId: string }
  /** Agents that do not run the version are brought there, not before a moment. */
  | { readonly kind: "following"; readonly next: GroupRollout["kind"]; readonly notBefore: number };

export interface DesiredSurvey {
  readonly state: DesiredState;
  /** What the agents are to run; null: there is no such release now. */
  readonly release: DesiredRelease | null;
  readonly phase: DesiredPhase;
}

/** Looks at a desired state. `releases` and `rollouts` may hold those of others. Pure. */
export function surveyDesired(
  state: DesiredState,
  releases: readonly DesiredRelease[],
  rollouts: readonly GroupRollout[],
): DesiredSurvey {
  const own = rollouts.filter(
    ({ groupId, product }) => groupId === state.groupId && product === state.product,
  );
  const wanted = wantedRelease(
    state.track,
    releases.filter(({ product }) => product === state.product),
  );
  const release = typeof wanted === "string" ? null : wanted;
  const active = own.find((rollout) => !isRolloutEnded(rollout.state));
  if (active) return { state, release, phase: phaseOfActive(active) };
  if (typeof wanted === "string") return { state, release: null, phase: { kind: "no_release", why: wanted } };
  return { state, release: wanted, phase: phaseWithout(state, own, wanted.version) };
}

/** The release to go to, or why there is none. A yanked one is none, and is no reason to go back either. */
function wantedRelease(track: Track, releases: readonly DesiredRelease[]): DesiredRelease | NoReleaseWhy {
  if (track.kind === "version") {
    const pinned = releases.find(({ version }) => version === track.version);
    if (!pinned) return "not_published";
    return pinned.state === "ready" ? pinned : pinned.state === "yanked" ? "yanked" : "not_ready";
  }
  return (
    newest(releases.filter(({ channel, state }) => channel === track.channel && state === "ready")) ??
    "channel_empty"
  );
}

function newest(releases: readonly DesiredRelease[]): DesiredRelease | undefined {
  return releases.reduce<DesiredRelease | undefined>(
    (best, release) => (best && compareVersions(best.version, release.version) >= 0 ? best : release),
    undefined,
  );
}

function phaseOfActive({ id, state }: GroupRollout): DesiredPhase {
  if (state.kind === "rolling_back") return { kind: "held", why: "rolling_back", rolloutId: id };
  // What pauses by its plan goes on by its plan, or by an approval.
  const isByPlan =
    state.kind !== "paused" || state.cause === "approval_required" || state.cause === "outside_window";
  return isByPlan ? { kind: "rolling_out", rolloutId: id } : { kind: "held", why: "paused", rolloutId: id };
}

function phaseWithout(
  { plan, clearedAt }: DesiredState,
  own: readonly GroupRollout[],
  version: Version,
): DesiredPhase {
  const toVersion = own.filter((rollout) => rollout.version === version);
  for (const { id, state, endedAt } of toVersion) {
    const isOld = endedAt !== null && endedAt <= clearedAt;
    if (!isOld && isBad(state.kind)) return { kind: "held", why: state.kind, rolloutId: id };
  }
  // Who comes later follows a release that has gone through its whole plan.
  const isThrough = toVersion.some(({ kind, state }) => kind === "release" && state.kind === "completed");
  if (!isThrough) return { kind: "following", next: "release", notBefore: 0 };
  const last = Math.max(...toVersion.map(({ createdAt }) => createdAt));
  return { kind: "following", next: "follow_up", notBefore: last + plan.followUp.everyMs };
}

function isBad(kind: GroupRollout["state"]["kind"]): kind is "canceled" | "failed" | "rolled_back" {
  return kind === "canceled" || kind === "failed" || kind === "rolled_back";
}
