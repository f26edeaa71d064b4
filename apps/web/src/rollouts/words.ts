import { REASON_TEXT, waveCuts, type Reason } from "@muster/core";
import type { RolloutView, TargetView, WaveView } from "@muster/protocol/http";
import { count, counted } from "../format/number.ts";
import { exactDuration } from "../format/time.ts";

type Spec = RolloutView["spec"];

/** A reason in words; one that this page does not know yet is shown as it came. */
export function reasonWords(reason: string | null): string | null {
  if (reason === null) return null;
  return isReason(reason) ? REASON_TEXT[reason] : reason.replaceAll("_", " ");
}

function isReason(reason: string): reason is Reason {
  return Object.hasOwn(REASON_TEXT, reason);
}

/** Who takes part. */
export function cohortWords({ cohort }: Spec): string {
  if (cohort.kind === "all") return "all agents";
  if (cohort.kind === "labels") return cohort.expression;
  if (cohort.kind === "filter") return cohort.filter;
  if (cohort.kind === "group") return `group ${cohort.id}`;
  return cohort.ids.length === 1 ? "one agent by id" : `${count(cohort.ids.length)} agents by id`;
}

/** In what order and pace. */
export function strategyWords({ strategy }: Spec): string {
  if (strategy.kind === "immediate") return "everyone at once";
  if (strategy.kind === "batches") {
    return `batches of ${count(strategy.size)}, ${exactDuration(strategy.delayMs)} apart`;
  }
  const ends = strategy.waves.map(endWords).join(" → ");
  const settle = strategy.settleMs === 0 ? "" : `, ${exactDuration(strategy.settleMs)} to settle`;
  return `${ends}${settle}${APPROVALS[strategy.approval]}`;
}

/** When it stops by itself, and what it does then. */
export function thresholdWords({ failurePolicy: { threshold, action } }: Spec): string {
  const limit =
    "count" in threshold
      ? `${counted(threshold.count, "agent")} of a wave`
      : `${threshold.percent} % of a wave`;
  return `${limit} failed, rolled back or silent → ${action === "pause" ? "pause" : "roll back"}`;
}

/** Where a wave ends: `5 %`, `10 agents`; nothing where the plan has no waves. A small cohort has fewer than planned. */
export function waveEndWords(
  { spec: { strategy }, counts }: Pick<RolloutView, "spec" | "counts">,
  index: number,
): string | null {
  if (strategy.kind !== "waves") return null;
  const cut = waveCuts(strategy.waves, counts.planned)[index];
  return cut === undefined ? null : `to ${endWords(cut.end)}`;
}

function endWords(end: { percent: number } | { count: number }): string {
  return "percent" in end ? `${end.percent} %` : counted(end.count, "agent");
}

/** What is between this wave and the next. */
export type Gate =
  | { readonly kind: "settles"; readonly until: number }
  | { readonly kind: "needs_approval" }
  | { readonly kind: "approved" }
  | { readonly kind: "none" };

export function gateOf({ strategy }: Spec, wave: WaveView): Gate {
  if (wave.settlesAt !== null && wave.state === "settling") return { kind: "settles", until: wave.settlesAt };
  if (strategy.kind !== "waves" || strategy.approval !== "manual" || wave.index === 0)
    return { kind: "none" };
  if (wave.approved) return { kind: "approved" };
  return wave.state === "waiting" ? { kind: "needs_approval" } : { kind: "none" };
}

/** What is not moving in a target, in words, or null. */
export function targetReason({ state, silent, reason }: TargetView): string | null {
  if (silent) return reasonWords("silent");
  return state === "healthy" ? null : reasonWords(reason);
}

const APPROVALS = {
  automatic: "",
  manual: ", each approved by hand",
  two_people: ", each approved by two people",
} as const;
