import {
  allOf,
  conditionsOf,
  type Filter,
  isJoined,
  type LabelCondition,
  labelTest,
  matcherOf,
  parseLabelExpression,
  type Rollout,
} from "@muster/core";
import type { Roster } from "../agents/roster.ts";
import type { GroupBook } from "./group-book.ts";
import type { Memberships } from "./memberships.ts";

export interface LeftCohortPorts {
  readonly book: GroupBook;
  readonly memberships: Memberships;
  readonly roster: Roster;
}

/**
 * Whether an agent that was in a rollout's cohort when that was made is not in it any more. From memory. Groups and labels
 * are live; who was named, or selected by a filter, stays. So does everybody when the group itself is gone.
 */
export function leftCohort(
  { cohort }: Rollout["spec"],
  { book, memberships, roster }: LeftCohortPorts,
): (agentId: string) => boolean {
  if (cohort.kind === "group") {
    const { id } = cohort;
    return book.find(id) ? (agentId) => !memberships.groupsOf(agentId).includes(id) : () => false;
  }
  if (cohort.kind !== "labels") return () => false;
  const test = matcherOf(labelTerms(parseLabelExpression(cohort.expression)), labelTest);
  return (agentId) => {
    const agent = roster.get(agentId);
    return agent !== undefined && !test(agent, 0);
  };
}

type OnLabels = Extract<LabelCondition, { readonly kind: "label" }>;

/** The terms that ask for labels: platform and product do not change, and all terms held when the rollout was made. */
function labelTerms(filter: Filter<LabelCondition>): Filter<OnLabels> {
  const terms = isJoined(filter) && filter.kind === "and" ? filter.of : [filter];
  return allOf(terms.filter(isOnLabels));
}

function isOnLabels(term: Filter<LabelCondition>): term is Filter<OnLabels> {
  return conditionsOf(term).every(({ kind }) => kind === "label");
}
