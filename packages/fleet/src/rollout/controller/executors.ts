import { cancelOf, type Decision, type DecisionKind, type Target } from "@muster/core";
import { type DispatchRelease, isOffered } from "../release-shelf.ts";
import {
  moveRollout,
  moveTarget,
  moveWave,
  required,
  type RolloutDraft,
  setRollout,
  setTarget,
  setWave,
} from "./draft.ts";

/** What executing decisions needs besides the draft. */
export interface ExecutionPorts {
  readonly target: (targetId: string) => Target | undefined;
  readonly newId: () => string;
  /** By version; null: there is no such release. */
  readonly releases: ReadonlyMap<string, DispatchRelease | null>;
}

interface Execution extends ExecutionPorts {
  readonly draft: RolloutDraft;
}

type DecisionOf<Kind extends DecisionKind> = Extract<Decision, { readonly kind: Kind }>;

/** One for each kind; a kind without one does not compile. They only change the draft: it is written as a whole. */
type Executors = { readonly [Kind in DecisionKind]: (on: Execution, decision: DecisionOf<Kind>) => void };

const EXECUTORS: Executors = {
  start: ({ draft }) => moveRollout(draft, { kind: "start" }),
  resume: ({ draft }) => moveRollout(draft, { kind: "resume" }),
  complete: ({ draft }) => moveRollout(draft, { kind: "complete" }),
  fail: ({ draft }, { code, message }) => moveRollout(draft, { kind: "fail", code, message }),
  finish_rolled_back: ({ draft }) => moveRollout(draft, { kind: "finish_return" }),
  pause: ({ draft }, { cause, touched }) => {
    moveRollout(draft, { kind: "pause", cause });
    if (touched !== null) setRollout(draft, { touchedAtHalt: touched });
  },
  begin_return: ({ draft }, { touched }) => {
    moveRollout(draft, { kind: "begin_return" });
    setRollout(draft, { touchedAtHalt: touched });
  },
  hold_slices: ({ draft }, { slices }) => {
    setRollout(draft, { quarantine: { ...draft.rollout.quarantine, slices } });
  },
  mark_batch: ({ draft }, { at }) => setRollout(draft, { lastBatchAt: at }),
  set_rollout_reason: ({ draft }, { reason }) => setRollout(draft, { reason }),
  open_wave: ({ draft }, { wave, forgivenBefore }) => {
    moveWave(draft, wave, { kind: "open" });
    setWave(draft, wave, { forgivenBefore });
  },
  settle_wave: ({ draft }, { wave, until }) => moveWave(draft, wave, { kind: "settle", until }),
  pass_wave: ({ draft }, { wave }) => moveWave(draft, wave, { kind: "pass" }),
  fail_wave: ({ draft }, { wave }) => moveWave(draft, wave, { kind: "fail" }),
  set_wave_reason: ({ draft }, { wave, reason }) => setWave(draft, wave, { reason }),
  dispatch: (on, { targetId, fromVersion }) => {
    const target = required(on.target(targetId), targetId);
    moveTarget(on.draft, target, { kind: "dispatch" });
    setTarget(on.draft, target, { fromVersion });
    const release = on.releases.get(target.toVersion) ?? null;
    if (isOffered(release, target)) on.draft.dispatched.set(targetId, release);
    else refuseDispatch(on, target);
  },
  expire_target: (on, { targetId, code, message }) => {
    moveTarget(on.draft, required(on.target(targetId), targetId), { kind: "expire", code, message });
  },
  supersede_target: (on, { targetId }) => {
    moveTarget(on.draft, required(on.target(targetId), targetId), { kind: "supersede" });
  },
  cancel_target: (on, { targetId, ...why }) => {
    moveTarget(on.draft, required(on.target(targetId), targetId), cancelOf(why));
  },
  add_return: ({ draft, newId }, { agentId, wave, fromVersion, toVersion }) => {
    const { id: rolloutId } = draft.rollout;
    const { now } = draft;
    draft.added.push({
      id: newId(),
      rolloutId,
      agentId,
      purpose: "return",
      attempt: 1,
      wave,
      fromVersion,
      toVersion,
      state: { kind: "pending" },
      since: now,
      progressAt: now,
      reason: null,
    });
  },
  set_target_reason: (on, { targetIds, reason }) => {
    for (const id of targetIds) setTarget(on.draft, required(on.target(id), id), { reason });
  },
};

/** Brings the decisions of one plan into the draft, in their order. */
export function executeDecisions(
  draft: RolloutDraft,
  decisions: readonly Decision[],
  ports: ExecutionPorts,
): void {
  const on: Execution = { ...ports, draft };
  for (const decision of decisions) execute(on, decision);
}

function execute<Kind extends DecisionKind>(on: Execution, decision: DecisionOf<Kind>): void {
  const run = EXECUTORS[decision.kind];
  run(on, decision);
}

/** An agent cannot return to a version whose artifacts the registry does not have: that is a failure, and it says so. */
function refuseDispatch({ draft }: Execution, target: Target): void {
  const message = `Version ${target.toVersion} is not ready in the registry`;
  moveTarget(draft, target, { kind: "expire", code: "RELEASE_NOT_READY", message });
}
