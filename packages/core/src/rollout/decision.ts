import type { ErrorCode } from "../errors.ts";
import type { Version } from "../release/version.ts";
import type { Reason } from "./reason.ts";
import type { AgentFacts, PauseCause, Rollout, Target } from "./rollout.ts";

/** All that planning looks at. Plain data; nothing of it is changed. */
export interface PlanInput {
  readonly rollout: Rollout;
  /** Every target of the rollout, all attempts and both purposes, in a stable order: the order of dispatch in a wave. */
  readonly targets: readonly Target[];
  /** Null: the agent is revoked or gone, and what waits for it is canceled. With a spread limit also asked for those under way. */
  readonly agents: (agentId: string) => AgentFacts | null;
  /** Wall clock, milliseconds since 1970. */
  readonly now: number;
  /**
   * Since when agents have been able to report without a break: the start of this control plane, or of its gateways.
   * Time before it is neither silence nor spent deadline, so that an outage of the server fails no agent.
   */
  readonly listeningSince: number;
  /** When the hours of some of its agents change next, milliseconds since 1970; null: never. */
  readonly hoursChangeAt: number | null;
}

/**
 * One thing to do, in the order given; all of one plan in one transaction, as of the plan's `now`. Each state change is
 * an event of the machine named, so an applier needs nothing but `changeRollout`, `changeWave` and `changeTarget`.
 */
export type Decision =
  /** Rollout `start`. */
  | { readonly kind: "start" }
  /** Rollout `pause`; a number in `touched` becomes the rollout's `touchedAtHalt`. */
  | { readonly kind: "pause"; readonly cause: PauseCause; readonly touched: number | null }
  /** Rollout `resume`: what it waited for has come. */
  | { readonly kind: "resume" }
  /** Rollout `begin_return`; `touched` becomes its `touchedAtHalt`. */
  | { readonly kind: "begin_return"; readonly touched: number }
  | { readonly kind: "complete" }
  | { readonly kind: "fail"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "finish_rolled_back" }
  /** Wave `open`; `forgivenBefore` is written to the wave whatever it held. */
  | { readonly kind: "open_wave"; readonly wave: number; readonly forgivenBefore: number }
  | { readonly kind: "settle_wave"; readonly wave: number; readonly until: number }
  | { readonly kind: "pass_wave"; readonly wave: number }
  | { readonly kind: "fail_wave"; readonly wave: number }
  /** The slices of the rollout's `quarantine` become these. */
  | { readonly kind: "hold_slices"; readonly slices: readonly string[] }
  /** The rollout's `lastBatchAt` becomes `at`. Comes before the batch's dispatches. */
  | { readonly kind: "mark_batch"; readonly at: number }
  /** Target `dispatch`: an assignment is made and sent. `fromVersion` is what the agent runs now; keep it in the target. */
  | { readonly kind: "dispatch"; readonly targetId: string; readonly fromVersion: Version | null }
  /** Target `expire`. */
  | {
      readonly kind: "expire_target";
      readonly targetId: string;
      readonly code: ErrorCode;
      readonly message: string;
    }
  /** Target `supersede`: the agent already runs the version, or another rollout has brought it past this one. */
  | { readonly kind: "supersede_target"; readonly targetId: string }
  /** Target `cancel`: the rollout has ended or turned back, or the agent is gone; with a code: what else keeps it out. */
  | {
      readonly kind: "cancel_target";
      readonly targetId: string;
      readonly code?: ErrorCode;
      readonly message?: string;
    }
  /** Make a pending target with purpose `return` and attempt 1, whose assignment allows the downgrade. */
  | {
      readonly kind: "add_return";
      readonly agentId: string;
      readonly wave: number;
      readonly fromVersion: Version;
      readonly toVersion: Version;
    }
  | {
      readonly kind: "set_target_reason";
      readonly targetIds: readonly string[];
      readonly reason: Reason | null;
    }
  | { readonly kind: "set_wave_reason"; readonly wave: number; readonly reason: Reason | null }
  | { readonly kind: "set_rollout_reason"; readonly reason: Reason | null };

export type DecisionKind = Decision["kind"];
