import type { TargetState } from "../rollout/rollout.ts";

/** Text to hold a field against: one part is meant exactly; between several there may be anything, in any case. */
export type Pattern = readonly string[];

/** Fields of an agent that hold plain text. */
export type TextField = "id" | "hostname" | "product" | "os" | "arch";

/** What an update of the agent does not change: all that the rule of a group may ask. */
export type RuleCondition =
  /** Part of the hostname or of the id, in any case. */
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "text"; readonly field: TextField; readonly is: Pattern }
  /** `is: null`: has the label, whatever its value. */
  | { readonly kind: "label"; readonly key: string; readonly is: Pattern | null };

export type Comparison = "=" | "<" | "<=" | ">" | ">=";

/** `version` may be partial: 2.6 stands for all of 2.6, prereleases too. */
export interface VersionCondition {
  readonly kind: "version";
  readonly op: Comparison;
  readonly version: string;
}

export const FILTER_FLAGS = ["online", "failed", "stuck", "revoked"] as const;
/** `failed` and `stuck` are of the latest target: ended badly, or under way and silent. */
export type FilterFlag = (typeof FILTER_FLAGS)[number];

/** One thing asked of an agent. */
export type FilterCondition =
  | RuleCondition
  | VersionCondition
  | { readonly kind: "version_unknown" }
  /** State of the latest target; `none`: there is no target. */
  | { readonly kind: "state"; readonly state: TargetState["kind"] | "none" }
  /** Version of the target that is under way or waiting. */
  | { readonly kind: "target"; readonly version: string }
  | { readonly kind: "is"; readonly flag: FilterFlag }
  /** Time since then, in milliseconds; an agent never seen was last seen infinitely long ago. */
  | {
      readonly kind: "age";
      readonly of: "last_seen" | "enrolled";
      readonly op: "<" | ">";
      readonly ms: number;
    }
  | { readonly kind: "never_seen" }
  /** Name or id of a group. */
  | { readonly kind: "group"; readonly group: string };

/**
 * A filter as it is read; made by `allOf`, `anyOf` and `notOf`, which keep it flat, so that the same filter is the same
 * tree.
 */
export type Filter<Condition extends { readonly kind: string } = FilterCondition> =
  | { readonly kind: "all" }
  | { readonly kind: "and" | "or"; readonly of: readonly Filter<Condition>[] }
  | { readonly kind: "not"; readonly of: Filter<Condition> }
  | Condition;

type Kinds = { readonly kind: string };

/** Met by every agent. */
export const EVERY_AGENT = { kind: "all" } as const satisfies Filter;

export function allOf<Condition extends Kinds>(parts: readonly Filter<Condition>[]): Filter<Condition> {
  return join("and", parts);
}

/** `parts`: at least one. */
export function anyOf<Condition extends Kinds>(parts: readonly Filter<Condition>[]): Filter<Condition> {
  return join("or", parts);
}

export function notOf<Condition extends Kinds>(part: Filter<Condition>): Filter<Condition> {
  return isNot(part) ? part.of : { kind: "not", of: part };
}

function join<Condition extends Kinds>(
  kind: "and" | "or",
  parts: readonly Filter<Condition>[],
): Filter<Condition> {
  const flat = parts.flatMap((part) => (isJoined(part) && part.kind === kind ? part.of : [part]));
  const [first] = flat;
  if (flat.length === 1 && first) return first;
  return flat.length === 0 ? EVERY_AGENT : { kind, of: flat };
}

export function isNot<Condition extends Kinds>(
  filter: Filter<Condition>,
): filter is { readonly kind: "not"; readonly of: Filter<Condition> } {
  return filter.kind === "not";
}

export function isJoined<Condition extends Kinds>(
  filter: Filter<Condition>,
): filter is { readonly kind: "and" | "or"; readonly of: readonly Filter<Condition>[] } {
  return filter.kind === "and" || filter.kind === "or";
}

export function isEvery<Condition extends Kinds>(
  filter: Filter<Condition>,
): filter is { readonly kind: "all" } {
  return filter.kind === "all";
}

/** Every condition of a filter, from left to right. */
export function conditionsOf<Condition extends Kinds>(filter: Filter<Condition>): readonly Condition[] {
  if (isJoined(filter)) return filter.of.flatMap((part) => conditionsOf(part));
  if (isNot(filter)) return conditionsOf(filter.of);
  return isEvery(filter) ? [] : [filter];
}
