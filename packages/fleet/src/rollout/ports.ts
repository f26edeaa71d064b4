import type { PreviewView, RolloutRequest, RolloutView, TargetView } from "@muster/protocol/http";
import type { Outcome, RolloutVerb } from "@muster/core";
import type { AuditTrail } from "../audit/ports.ts";
import type { AgentHello, AgentProgress, Instruction } from "../gateway/ports.ts";
import type { Actor } from "../people/actor.ts";
import type { Page, PageQuery } from "../ports.ts";
import type { Database } from "../store/database.ts";

export type { Actor };

/** The rollouts' use cases, as the API calls them. Every one is durable when it resolves, and so is what is on the trail. */
export interface Rollouts {
  /** What `create` would do. Changes nothing. Same refusals as `create`, but an empty cohort is an answer here. */
  preview(request: RolloutRequest): Promise<PreviewView>;
  /**
   * Begins a rollout. Asked for again under the same name, it is the same one, as it then stands. Throws `ROLLOUT_…`,
   * `RELEASE_…`, `RESOURCE_NOT_FOUND`.
   */
  create(request: RolloutRequest, actor: Actor, trail?: AuditTrail): Promise<RolloutView>;
  /**
   * Uses one of the operator's verbs; each says in the view what it does. `roll_back` also takes back a rollout that has
   * ended. Throws `ROLLOUT_TRANSITION_INVALID`, which says why, `ROLLOUT_APPROVAL_REPEATED`, `RESOURCE_NOT_FOUND`.
   */
  act(id: string, verb: RolloutVerb, actor: Actor, trail?: AuditTrail): Promise<RolloutView>;
  /** Newest first. Throws `REQUEST_INVALID` for a cursor that is none. */
  list(query: RolloutQuery): Promise<Page<RolloutView>>;
  /** Throws `RESOURCE_NOT_FOUND`. */
  read(id: string): Promise<RolloutView>;
  /** One for each agent, the one that says how it stands, in the order of dispatch. Throws `RESOURCE_NOT_FOUND`. */
  targets(id: string, query: TargetQuery): Promise<Page<TargetView>>;
  /** Those of the rollout's targets that these ids name, whatever became of them: for live events. */
  targetsById(id: string, targetIds: readonly string[]): Promise<TargetView[]>;
}

/** As `rolloutListQuerySchema` reads it. */
export interface RolloutQuery extends PageQuery {
  readonly name?: string | undefined;
  readonly state?: string | undefined;
  /** Only those for one of these groups; left out: all. See core's `scopeOf`. */
  readonly within?: readonly string[] | undefined;
}

/** As `targetListQuerySchema` reads it. */
export interface TargetQuery extends PageQuery {
  readonly state?: string | undefined;
  readonly group?: TargetGroup | undefined;
  readonly wave?: number | undefined;
  /** Only those that are pending and not connected: they follow when they return, if the rollout still goes on then. */
  readonly offline?: boolean | undefined;
}

/** A count of a wave; `silent` ones are also in progress. */
export type TargetGroup =
  | "pending"
  | "in_progress"
  | "healthy"
  | "failed"
  | "rolled_back"
  | "silent"
  | "canceled";

/** What the rollouts take from agents; the agents' desk passes it on. */
export interface TargetDesk {
  /** Inside the transaction that records the hellos: what each of these agents has not taken yet, or should stop. */
  untaken(trx: Database, hellos: readonly AgentHello[]): Promise<ReadonlyMap<string, readonly Instruction[]>>;
  /** The roster's word on the agent changed: it came, went, or runs another version. */
  agentChanged(agentId: string): void;
  /** More is free on the host's disk than before. */
  diskFreed(agentId: string): void;
  /** Coalesced; see `AgentDesk.progress`. Throws `TARGET_UNKNOWN`. */
  progress(agentId: string, progress: AgentProgress): void;
  /** See `AgentDesk.outcome`. */
  outcome(agentId: string, outcome: Outcome): Promise<void>;
}
