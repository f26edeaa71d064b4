import type { Measure } from "../arguments/bench-arguments.ts";

export type Unit = "ms" | "s" | "KB" | "MB" | "%" | "" | "per s";

/** What the same was in plain Node, in the same run. */
export interface Baseline {
  readonly what: string;
  readonly value: number;
}

/** One thing that was measured. */
export interface Figure {
  readonly measure: Measure;
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
  readonly baseline: Baseline | null;
  /** The value it is to stay under, or to reach if `atLeast`. */
  readonly goal: { readonly atMost: number } | { readonly atLeast: number } | null;
}

/** How much more it was than the baseline; null without one. */
export function ratioOf({ value, baseline }: Figure): number | null {
  return baseline === null || baseline.value === 0 ? null : value / baseline.value;
}

/** Null: it has no goal. */
export function reachesGoal({ value, goal }: Figure): boolean | null {
  if (goal === null) return null;
  return "atMost" in goal ? value <= goal.atMost : value >= goal.atLeast;
}

interface Extras {
  readonly baseline?: Baseline;
  readonly goal?: Figure["goal"];
}

/** Makes the figures of one measure. */
export function figuresOf(measure: Measure) {
  return (name: string, value: number, unit: Unit, { baseline, goal }: Extras = {}): Figure => {
    return { measure, name, value, unit, baseline: baseline ?? null, goal: goal ?? null };
  };
}
