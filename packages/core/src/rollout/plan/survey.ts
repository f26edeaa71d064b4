import { MusterError } from "../../errors.ts";
import { latestAttempts } from "../attempts.ts";
import { countsFrom, deadlineOf, isSilent, type Watch } from "../deadlines.ts";
import type { PlanInput } from "../decision.ts";
import type { Target, Wave } from "../rollout.ts";
import { isUnderWay } from "../target-machine.ts";
import { noteUnderWay } from "./limits.ts";
import { emptyGroup, giveReason, type Draft, type Group, type WaveDraft } from "./draft.ts";

/** Looks at every target once, and expires those that are past their deadline. */
export function survey(input: PlanInput): Draft {
  const { rollout, targets } = input;
  const draft: Draft = {
    input,
    latest: latestAttempts(targets),
    decisions: [],
    waves: rollout.waves.map(draftOf),
    returns: emptyGroup(),
    expired: new Set(),
    reasons: new Map(),
    state: rollout.state,
    underWay: 0,
    downloading: 0,
    spread: new Map(),
    slices: new Set(),
    shortOf: "waiting_for_slot",
  };
  const watch: Watch = { spec: rollout.spec, listeningSince: input.listeningSince };
  for (const target of draft.latest) place(draft, target, watch);
  return draft;
}

function draftOf(wave: Wave): WaveDraft {
  const { index, state, approved, forgivenBefore, openedAt } = wave;
  return { ...emptyGroup(), index, state, approved, forgivenBefore, openedAt };
}

function place(draft: Draft, target: Target, watch: Watch): void {
  const group = groupOf(draft, target);
  group.size += 1;
  if (target.state.kind === "pending") {
    group.pending.push(target);
  } else if (isUnderWay(target.state)) {
    placeUnderWay(draft, target, watch);
  } else {
    group.ended += 1;
    if (target.state.kind === "healthy") group.healthy += 1;
    if (target.state.kind === "failed" || target.state.kind === "rolled_back") group.failed += 1;
    if (target.state.kind === "canceled" && target.state.code !== undefined) group.dropped += 1;
    count(draft, target, watch);
    giveReason(draft, target, null);
  }
}

function placeUnderWay(draft: Draft, target: Target, watch: Watch): void {
  const group = groupOf(draft, target);
  const { now } = draft.input;
  const deadline = deadlineOf(target, watch) ?? Infinity;
  if (now >= deadline) {
    expire(draft, target, watch);
    group.ended += 1;
    group.failed += 1;
    return;
  }
  group.underWay += 1;
  noteUnderWay(draft, target);
  count(draft, target, watch);
  giveReason(draft, target, isSilent(target, watch, now) ? "silent" : null);
}

function expire(draft: Draft, target: Target, watch: Watch): void {
  const code = "TARGET_STAGE_TIMEOUT";
  const allowed = isUnderWay(target.state) ? watch.spec.deadlines[target.state.kind] : 0;
  const message = `No progress for ${Math.round(allowed / 1000)} s while ${target.state.kind}`;
  draft.expired.add(target.id);
  draft.decisions.push({ kind: "expire_target", targetId: target.id, code, message });
  const failed = { kind: "failed", code, message } as const;
  count(draft, { ...target, state: failed, since: draft.input.now }, watch);
}

/** Adds a target to what its wave's threshold is held against, unless an operator has forgiven it. */
function count(draft: Draft, target: Target, watch: Watch): void {
  const wave = target.purpose === "update" ? draft.waves[target.wave] : undefined;
  const from = wave && countsFrom(target, watch, draft.input.now);
  if (wave && from !== null && from !== undefined && from >= wave.forgivenBefore) wave.counted += 1;
}

function groupOf(draft: Draft, target: Target): Group {
  if (target.purpose === "return") return draft.returns;
  const wave = draft.waves[target.wave];
  if (!wave) throw new MusterError("INTERNAL_UNEXPECTED", { target: target.id, wave: target.wave });
  return wave;
}
