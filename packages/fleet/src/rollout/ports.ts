import type { PreviewView, RolloutRequest, RolloutView } from "@muster/protocol/http";

/** Who acts. */
export interface Actor {
  readonly name: string;
  readonly role: "administrator" | "operator" | "viewer";
}

/** The rollouts' use cases, as the API calls them. Every one is durable when it resolves. */
export interface Rollouts {
  /** What `create` would do. Changes nothing. Same refusals as `create`, but an empty cohort is an answer here. */
  preview(request: RolloutRequest): Promise<PreviewView>;
  /** Throws `ROLLOUT_…`, `RELEASE_…`, `RESOURCE_NOT_FOUND`. */
  create(request: RolloutRequest, actor: Actor): Promise<RolloutView>;
  pause(id: string): Promise<RolloutView>;
  /** A paused rollout, or a halted one: what failed so far no longer counts. */
  resume(id: string): Promise<RolloutView>;
  /** Lets the next wave open. */
  approve(id: string): Promise<RolloutView>;
  cancel(id: string): Promise<RolloutView>;
  /** New targets for the failed and rolled back ones. */
  retry(id: string): Promise<RolloutView>;
}

