import { isUnderWay, REASON_TEXT, type Reason, type Target } from "@muster/core";
import type { OperationView } from "@muster/protocol/http";

type Status = OperationView["status"];
type Condition = Status["conditions"][number];
type Progress = Pick<Status, "phase" | "conditions">;

/** What an operation's status is made of. */
export interface OperationFacts {
  readonly createdAt: number;
  /** The target that says how its agent stands in the rollout; null: there was nothing to be done. */
  readonly target: Target | null;
  /** Why the rollout is not moving. */
  readonly rolloutReason: string | null;
}

/** How an operation stands, from the target that does it. Pure. */
export function operationStatus({ createdAt, target, rolloutReason }: OperationFacts): Progress {
  const accepted = at(createdAt, {
    type: "accepted",
    status: "true",
    reason: target ? "rollout_created" : "already_there",
    message: target ? "A rollout of this agent does it." : "The machine ran this version already.",
  });
  if (!target) {
    const succeeded = at(createdAt, {
      ...SUCCEEDED,
      reason: "already_there",
      message: "Nothing was to be done.",
    });
    return { phase: "succeeded", conditions: [accepted, succeeded] };
  }
  const { phase, dispatched, succeeded } = progressOf(target, rolloutReason);
  return { phase, conditions: [accepted, at(target.since, dispatched), at(target.since, succeeded)] };
}

function at(lastTransitionTime: number, told: Told): Condition {
  return { ...told, lastTransitionTime };
}

type Told = Omit<Condition, "lastTransitionTime">;

const SUCCEEDED = { type: "succeeded", status: "true" } as const;
const DISPATCHED: Told = {
  type: "dispatched",
  status: "true",
  reason: "dispatched",
  message: "The agent was given the update.",
};

function progressOf(
  { purpose, state, reason }: Target,
  rolloutReason: string | null,
): { readonly phase: Status["phase"]; readonly dispatched: Told; readonly succeeded: Told } {
  const ended = (phase: Status["phase"], why: Pick<Told, "reason" | "message">, dispatched = DISPATCHED) => ({
    phase,
    dispatched,
    succeeded: { type: "succeeded" as const, status: "false" as const, ...why },
  });
  if (purpose === "return") return ended("canceled", TAKEN_BACK);
  if (state.kind === "healthy") {
    const succeeded = { ...SUCCEEDED, reason: "healthy", message: "The machine runs the version, steadily." };
    return { phase: "succeeded", dispatched: DISPATCHED, succeeded };
  }
  if (state.kind === "failed" || state.kind === "rolled_back") {
    return ended("failed", { reason: state.code, message: state.message });
  }
  if (isUnderWay(state)) {
    const message = reason === null ? "The agent is at work on it." : textOf(reason);
    return { phase: "in_progress", dispatched: DISPATCHED, succeeded: unknown(state.kind, message) };
  }
  const why = reason ?? rolloutReason ?? state.kind;
  const waits: Told = { type: "dispatched", status: "false", reason: why, message: textOf(why) };
  if (state.kind === "pending") {
    return { phase: "pending", dispatched: waits, succeeded: unknown(why, textOf(why)) };
  }
  const gone: Told = {
    ...waits,
    reason: state.kind,
    message: "It was called off before the agent was given it.",
  };
  return ended("canceled", { reason: gone.reason, message: gone.message }, gone);
}

const TAKEN_BACK = {
  reason: "taken_back",
  message: "An operator has the machine return to its version before.",
} as const;

function unknown(reason: string, message: string): Told {
  return { type: "succeeded", status: "unknown", reason, message };
}

function textOf(reason: string): string {
  return Object.hasOwn(REASON_TEXT, reason) ? REASON_TEXT[reason as Reason] : "It waits for its turn.";
}
