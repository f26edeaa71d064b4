import { labelKeyDecoder, labelValueDecoder } from "../agent/agent-config.ts";
import { MusterError } from "../errors.ts";
import { decode } from "../parse/decode.ts";
import type { Version } from "../release/version.ts";

/** What of an agent a label expression can ask for. */
export interface LabelledAgent {
  readonly product: string;
  readonly version: Version | null;
  readonly os: string;
  readonly arch: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** One term of an expression; an agent has to meet all of them. */
export type LabelTerm =
  | { readonly kind: "equals"; readonly key: string; readonly value: string }
  /** Met also by an agent without the label. */
  | { readonly kind: "differs"; readonly key: string; readonly value: string }
  | { readonly kind: "present"; readonly key: string }
  | { readonly kind: "absent"; readonly key: string };

/** Longest expression, in characters. */
export const LABEL_EXPRESSION_MAX_LENGTH = 2048;
const TERMS_MAX = 64;

/**
 * Reads `env=production,os!=windows,canary,!pinned`: equal, different, present, absent; all have to hold. `os`, `arch`,
 * `product` and `version` are labels of every agent. Throws `ROLLOUT_COHORT_INVALID`, which names the place.
 */
export function parseLabelExpression(text: string): readonly LabelTerm[] {
  if (text.length > LABEL_EXPRESSION_MAX_LENGTH) {
    throw bad(text, 0, `must be at most ${LABEL_EXPRESSION_MAX_LENGTH} characters`);
  }
  const terms: LabelTerm[] = [];
  let place = 0;
  for (const part of text.split(",")) {
    if (terms.length === TERMS_MAX) throw bad(text, place, `must have at most ${TERMS_MAX} terms`);
    terms.push(parseTerm(text, part, place));
    place += part.length + 1;
  }
  return terms;
}

/** Whether an agent meets all the terms. */
export function matchesLabels(terms: readonly LabelTerm[], agent: LabelledAgent): boolean {
  return terms.every((term) => matchesTerm(term, labelOf(agent, term.key)));
}

function matchesTerm(term: LabelTerm, value: string | null): boolean {
  switch (term.kind) {
    case "equals":
      return value === term.value;
    case "differs":
      return value !== term.value;
    case "present":
      return value !== null;
    case "absent":
      return value === null;
  }
}

function labelOf(agent: LabelledAgent, key: string): string | null {
  // The built-in ones win, so that no host passes itself off as another platform.
  if (key === "os" || key === "arch" || key === "product" || key === "version") return agent[key];
  return Object.hasOwn(agent.labels, key) ? (agent.labels[key] ?? null) : null;
}

function parseTerm(text: string, part: string, place: number): LabelTerm {
  const term = part.trim();
  const start = place + part.indexOf(term);
  if (term === "") throw bad(text, start, "must have a term here");
  const equals = term.indexOf("=");
  if (equals === -1) {
    const absent = term.startsWith("!");
    const key = keyAt(text, absent ? term.slice(1) : term, absent ? start + 1 : start);
    return { kind: absent ? "absent" : "present", key };
  }
  const differs = term[equals - 1] === "!";
  const key = keyAt(text, term.slice(0, differs ? equals - 1 : equals).trimEnd(), start);
  const value = valueAt(text, term.slice(equals + 1).trimStart(), start + equals + 1);
  return { kind: differs ? "differs" : "equals", key, value };
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
