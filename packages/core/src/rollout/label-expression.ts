import { labelKeyDecoder, labelValueDecoder } from "../agent/agent-config.ts";
import { MusterError } from "../errors.ts";
import { decode } from "../parse/decode.ts";
import { builtInField } from "../filter/conditions.ts";
import {
  allOf,
  EVERY_AGENT,
  type Filter,
  type FilterCondition,
  notOf,
  type Pattern,
} from "../filter/filter.ts";
import { labelTest, matcherOf, patternTest } from "../filter/match-filter.ts";
import { isVersion, type Version } from "../release/version.ts";

/** What of an agent a label expression can ask for. */
export interface LabelledAgent {
  readonly product: string;
  readonly version: Version | null;
  readonly os: string;
  readonly arch: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What of the filter language an expression can say. */
export type LabelCondition =
  | Extract<FilterCondition, { readonly kind: "label" | "version" | "version_unknown" }>
  | { readonly kind: "text"; readonly field: "os" | "arch" | "product"; readonly is: Pattern };

/** Longest expression, in characters. */
export const LABEL_EXPRESSION_MAX_LENGTH = 2048;
const TERMS_MAX = 64;

/**
 * Reads `env=production,os!=windows,canary,!pinned`: equal, different, present, absent; all have to hold. `os`, `arch`,
 * `product` and `version` are labels of every agent. An older spelling of a part of the filter language: it gives the same
 * filters. Throws `ROLLOUT_COHORT_INVALID`, which names the place.
 */
export function parseLabelExpression(text: string): Filter<LabelCondition> {
  if (text.length > LABEL_EXPRESSION_MAX_LENGTH) {
    throw bad(text, 0, `must be at most ${LABEL_EXPRESSION_MAX_LENGTH} characters`);
  }
  const terms: Filter<LabelCondition>[] = [];
  let place = 0;
  for (const part of text.split(",")) {
    if (terms.length === TERMS_MAX) throw bad(text, place, `must have at most ${TERMS_MAX} terms`);
    terms.push(parseTerm(text, part, place));
    place += part.length + 1;
  }
  return allOf(terms);
}

/** A test for one expression, made once and asked of many agents. */
export function labelMatcher(filter: Filter<LabelCondition>): (agent: LabelledAgent) => boolean {
  const test = matcherOf(filter, testOf);
  return (agent) => test(agent, 0);
}

function testOf(condition: LabelCondition): (agent: LabelledAgent) => boolean {
  switch (condition.kind) {
    case "label": {
      const test = labelTest(condition);
      return (agent) => test(agent, 0);
    }
    case "text": {
      const matches = patternTest(condition.is);
      return (agent) => matches(agent[condition.field]);
    }
    case "version":
      return ({ version }) => version === condition.version;
    case "version_unknown":
      return ({ version }) => version === null;
  }
}

/** A label's value, or any with null. The built-in ones win, so that no host passes itself off as another platform. */
function labelIs(key: string, value: string | null): Filter<LabelCondition> {
  const field = builtInField(key);
  if (field === null) return { kind: "label", key, is: value === null ? null : [value] };
  if (field !== "version") return value === null ? EVERY_AGENT : { kind: "text", field, is: [value] };
  if (value === null) return notOf({ kind: "version_unknown" });
  return isVersion(value) ? { kind: "version", op: "=", version: value } : notOf(EVERY_AGENT);
}

function parseTerm(text: string, part: string, place: number): Filter<LabelCondition> {
  const term = part.trim();
  const start = place + part.indexOf(term);
  if (term === "") throw bad(text, start, "must have a term here");
  const equals = term.indexOf("=");
  if (equals === -1) {
    const absent = term.startsWith("!");
    const key = keyAt(text, absent ? term.slice(1) : term, absent ? start + 1 : start);
    return absent ? notOf(labelIs(key, null)) : labelIs(key, null);
  }
  const differs = term[equals - 1] === "!";
  const key = keyAt(text, term.slice(0, differs ? equals - 1 : equals).trimEnd(), start);
  const value = valueAt(text, term.slice(equals + 1).trimStart(), start + equals + 1);
  return differs ? notOf(labelIs(key, value)) : labelIs(key, value);
}

function keyAt(text: string, key: string, place: number): string {
  return check(text, place, () => decode(labelKeyDecoder, key, "ROLLOUT_COHORT_INVALID"));
}

function valueAt(text: string, value: string, place: number): string {
  return check(text, place, () => decode(labelValueDecoder, value, "ROLLOUT_COHORT_INVALID"));
}

function check(text: string, place: number, read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    throw bad(text, place, String(error.details["problem"]));
  }
}

/** `at` counts from 1, as people do. */
function bad(text: string, place: number, problem: string): MusterError {
  const near = text.slice(place, place + 32);
  return new MusterError("ROLLOUT_COHORT_INVALID", { field: "expression", at: place + 1, near, problem });
}
