import type {
  DesiredRelease,
  DesiredState,
  DriftingAgent,
  GroupRollout,
  Track,
} from "../desired/desired-state.ts";
import { specifyDesiredPlan } from "../desired/desired-state.ts";
import { OPEN_POLICY } from "../policy/local-policy.ts";
import { isRolloutEnded } from "../rollout/rollout-machine.ts";
import type { RolloutState } from "../rollout/rollout.ts";

const MINUTE = 60_000;

/** Batches of 5; agents that come later follow two at a time, a minute apart. */
export const DESIRED_PLAN = specifyDesiredPlan({
  strategy: { kind: "batches", size: 5, delayMs: 1000 },
  followUp: { everyMs: MINUTE, atMost: 2, offlineAfterMs: 10 * MINUTE },
});
export const STABLE: Track = { kind: "channel", channel: "stable" };

/** What group `g` is to run of `app`. */
export function aDesiredState(track: Track, changes: Partial<DesiredState> = {}): DesiredState {
  return { groupId: "g", product: "app", track, plan: DESIRED_PLAN, clearedAt: 0, ...changes };
}

/** A release of `app` for linux/amd64, ready in `stable`. */
export function aDesiredRelease(version: string, changes: Partial<DesiredRelease> = {}): DesiredRelease {
  const artifacts: DesiredRelease["artifacts"] = [{ os: "linux", arch: "amd64", size: 1 }];
  return { product: "app", version, channel: "stable", state: "ready", artifacts, ...changes };
}

/** A rollout of group `g` to 2.0.0. */
export function aGroupRollout(state: RolloutState, changes: Partial<GroupRollout> = {}): GroupRollout {
  return {
    id: "r1",
    groupId: "g",
    product: "app",
    version: "2.0.0",
    kind: "release",
    state,
    createdAt: 0,
    endedAt: isRolloutEnded(state) ? 100 : null,
    waitsForOfflineSince: null,
    ...changes,
  };
}

/** An agent of `app` on linux/amd64 that runs 1.0.0. */
export function aDriftingAgent(id: string, changes: Partial<DriftingAgent> = {}): DriftingAgent {
  return {
    id,
    product: "app",
    version: "1.0.0",
    os: "linux",
    arch: "amd64",
    labels: {},
    capabilities: ["update"],
    policy: OPEN_POLICY,
    online: true,
    revoked: false,
    past: "none",
    ...changes,
  };
}
