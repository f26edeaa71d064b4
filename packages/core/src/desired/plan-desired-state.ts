import type { RolloutSpec } from "../rollout/rollout.ts";
import { isRolloutEnded } from "../rollout/rollout-machine.ts";
import type { DesiredRelease, DesiredState, DriftingAgent, GroupRollout } from "./desired-state.ts";
import { driftReason } from "./drift.ts";
import { type DesiredSurvey, surveyDesired } from "./survey-desired.ts";

/** All that planning looks at. Plain data; nothing of it is changed. */
export interface DesiredInput {
  readonly states: readonly DesiredState[];
  readonly releases: readonly DesiredRelease[];
  /** Every rollout that these states have made, to the versions they may still want, and all that have not ended. */
  readonly rollouts: readonly GroupRollout[];
  /**
   * Agents that follow this group for this product, by its priority, and run another version. Only asked for states in
   * which a rollout may begin now.
   */
  readonly agents: (state: DesiredState, release: DesiredRelease) => readonly DriftingAgent[];
  /** Whether any rollout that has not ended has the agent pending or under way. */
  readonly busy: (agentId: string) => boolean;
  /** Wall clock, milliseconds since 1970. */
  readonly now: number;
}

export type DesiredDecision =
  /** Begin a rollout for exactly these agents. */
  | {
      readonly kind: "start_rollout";
      readonly groupId: string;
      readonly rollout: GroupRollout["kind"];
      readonly spec: RolloutSpec;
      readonly agentIds: readonly string[];
    }
  /** Cancel the pending targets of agents that are not connected, so that the rollout can end. */
  | { readonly kind: "let_offline_go"; readonly rolloutId: string };

/**
 * What the groups' desired states ask for now: the rollout of a release that has become ready, small ones for agents that
 * came later, the end of one that waits for nobody but the absent. Pure. For one group and product nothing begins while one
 * of its rollouts has not ended, nor after one was halted, canceled or rolled back until an operator acts. Apply each
 * decision by compare-and-swap; planning again then decides nothing new for it.
 */
export function planDesiredState(input: DesiredInput): DesiredDecision[] {
  const surveys = input.states.map((state) => surveyDesired(state, input.releases, input.rollouts));
  return [...letOfflineGo(input), ...surveys.flatMap((survey) => startRollout(input, survey))];
}

/** Whether a rollout may begin now, if there are agents for it. */
export function mayStart({ phase }: DesiredSurvey, now: number): boolean {
  return phase.kind === "following" && now >= phase.notBefore;
}

function letOfflineGo({ states, rollouts, now }: DesiredInput): DesiredDecision[] {
  return rollouts.flatMap((rollout) => {
    if (letsOfflineGoAt(rollout, states) > now) return [];
    return [{ kind: "let_offline_go", rolloutId: rollout.id }];
  });
}

/** When a rollout that waits for nobody but offline agents lets them go; Infinity: it does not wait. */
export function letsOfflineGoAt(rollout: GroupRollout, states: readonly DesiredState[]): number {
  const since = rollout.waitsForOfflineSince;
  if (since === null || isRolloutEnded(rollout.state)) return Infinity;
  const state = states.find(
    ({ groupId, product }) => groupId === rollout.groupId && product === rollout.product,
  );
  return state ? since + state.plan.followUp.offlineAfterMs : Infinity;
}

function startRollout(input: DesiredInput, survey: DesiredSurvey): DesiredDecision[] {
  const { state, release, phase } = survey;
  if (phase.kind !== "following" || release === null || !mayStart(survey, input.now)) return [];
  const wanted = input
    .agents(state, release)
    .filter((agent) => isWanted(driftReason(agent, survey, input.busy), phase.next));
  const isFollowUp = phase.next === "follow_up";
  const agentIds = wanted.map(({ id }) => id).slice(0, isFollowUp ? state.plan.followUp.atMost : undefined);
  if (agentIds.length === 0) return [];
  const { followUp: _, ...plan } = state.plan;
  const spec: RolloutSpec = {
    ...plan,
    product: state.product,
    version: release.version,
    cohort: { kind: "group", id: state.groupId },
    // The release has gone through the whole plan; the failure policy holds all the same.
    ...(isFollowUp && { strategy: { kind: "immediate" } }),
    allowDowngrade: state.track.kind === "version" && state.track.allowDowngrade,
    priority: "normal",
    startAt: null,
  };
  return [{ kind: "start_rollout", groupId: state.groupId, rollout: phase.next, spec, agentIds }];
}

/** A release's own rollout is staged over all, who is away too; a follow-up is for those who are there. */
function isWanted(reason: ReturnType<typeof driftReason>, next: GroupRollout["kind"]): boolean {
  return reason === "waiting" || (reason === "offline" && next === "release");
}

/** When planning can next decide something by the passing of time alone; null: never. */
export function nextDesiredAt(
  input: Pick<DesiredInput, "states" | "releases" | "rollouts" | "now">,
): number | null {
  const times = input.rollouts.map((rollout) => letsOfflineGoAt(rollout, input.states));
  for (const state of input.states) {
    const { phase } = surveyDesired(state, input.releases, input.rollouts);
    if (phase.kind === "following" && phase.notBefore > input.now) times.push(phase.notBefore);
  }
  const next = Math.min(Infinity, ...times);
  return next === Infinity ? null : next;
}
