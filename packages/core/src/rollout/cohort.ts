import { array, decode, literal, object, string, variants } from "../parse/decode.ts";
import { parseFilter } from "../filter/parse-filter.ts";
import { FILTER_MAX_LENGTH } from "../filter/scanner.ts";
import { idDecoder } from "../update/handoff.ts";
import {
  LABEL_EXPRESSION_MAX_LENGTH,
  labelMatcher,
  parseLabelExpression,
  type LabelledAgent,
} from "./label-expression.ts";
import type { Cohort } from "./rollout.ts";

/** What of an agent decides whether it is in a cohort. */
export interface CohortAgent extends LabelledAgent {
  readonly id: string;
}

/** Most agents that can be named one by one. */
export const COHORT_IDS_MAX = 100_000;

const cohortDecoder = variants({
  all: object({ kind: literal("all") }),
  agents: object({ kind: literal("agents"), ids: array(idDecoder, { min: 1, max: COHORT_IDS_MAX }) }),
  labels: object({
    kind: literal("labels"),
    expression: string({ min: 1, max: LABEL_EXPRESSION_MAX_LENGTH }),
  }),
  filter: object({ kind: literal("filter"), filter: string({ min: 1, max: FILTER_MAX_LENGTH }) }),
  group: object({ kind: literal("group"), id: idDecoder }),
});

/** A cohort from outside, each agent named once. Throws `ROLLOUT_COHORT_INVALID`, `FILTER_INVALID`. */
export function parseCohort(value: unknown): Cohort {
  const cohort = decode(cohortDecoder, value, "ROLLOUT_COHORT_INVALID");
  if (cohort.kind === "agents") return { kind: "agents", ids: [...new Set(cohort.ids)] };
  if (cohort.kind === "labels") parseLabelExpression(cohort.expression);
  if (cohort.kind === "filter") parseFilter(cohort.filter);
  return cohort;
}

/** Whether an agent is in a cohort that the control plane has resolved: by labels, a filter, or a group. */
export type Resolved = (agentId: string) => boolean;

/**
 * A test for one cohort, made once and asked for each agent. `resolved` is asked where it is given; without it nobody is
 * in a filter or a group. Throws `ROLLOUT_COHORT_INVALID` for a bad expression.
 */
export function cohortMatcher(cohort: Cohort, resolved?: Resolved): (agent: CohortAgent) => boolean {
  switch (cohort.kind) {
    case "all":
      return () => true;
    case "agents": {
      const ids = new Set(cohort.ids);
      return ({ id }) => ids.has(id);
    }
    case "labels":
      return resolved ? ({ id }) => resolved(id) : labelMatcher(parseLabelExpression(cohort.expression));
    case "filter":
    case "group":
      return ({ id }) => resolved?.(id) ?? false;
  }
}

/** Whether one agent is in the cohort; for many agents make a `cohortMatcher`. */
export function matchesCohort(cohort: Cohort, agent: CohortAgent, resolved?: Resolved): boolean {
  return cohortMatcher(cohort, resolved)(agent);
}
