import type { Strategy } from "@muster/core";
import type { AgentView, RolloutView } from "@muster/protocol/http";

export interface FakeRolloutPlan {
  readonly id: string;
  readonly version: string;
  readonly product?: string;
  readonly cohort: RolloutView["spec"]["cohort"];
  readonly strategy: Strategy;
  readonly maxInFlight?: number;
  readonly threshold?: RolloutView["spec"]["failurePolicy"]["threshold"];
  readonly agents: readonly AgentView[];
  readonly startedAt: number;
  /** Share of the agents on which the version does not come up. */
  readonly broken: number;
}
