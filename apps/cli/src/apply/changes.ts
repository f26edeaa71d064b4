import { canonicalJson } from "@muster/core";

/** One field that is, or would be, another. */
export interface FieldChange {
  readonly field: string;
  /** Undefined: it was not there. */
  readonly before: unknown;
  readonly after: unknown;
}

/** What of `before` the wish `after` makes another, field by field. What is not said stays, and is no change. Pure. */
export function changesOf(before: unknown, after: unknown, field = ""): FieldChange[] {
  if (after === undefined) return [];
  if (isRecord(after) && (before === undefined || isRecord(before))) {
    return Object.entries(after).flatMap(([name, value]) =>
      changesOf(before?.[name], value, field === "" ? name : `${field}.${name}`),
    );
  }
  return isSame(before, after) ? [] : [{ field, before, after }];
}

function isSame(before: unknown, after: unknown): boolean {
  return before !== undefined && canonicalJson(before) === canonicalJson(after);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
