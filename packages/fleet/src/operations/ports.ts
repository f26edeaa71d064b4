import type {
  AvailableUpdateView,
  CreateOperation,
  OperationView,
  RequestUpdate,
} from "@muster/protocol/http";
import type { AuditTrail } from "../audit/ports.ts";
import type { Actor } from "../people/actor.ts";
import type { Page, PageQuery } from "../ports.ts";

export interface OperationCaller {
  readonly actor: Actor;
  readonly audit: AuditTrail;
  /** Whether the caller may update this agent; the others are not there for it. */
  readonly mayUpdate: (agentId: string) => boolean;
}

/** Operations on single machines: each is a rollout of one agent. */
export interface Operations {
  /**
   * Accepts an operation; the same one again is answered with how it stands. Throws `OPERATION_…`, `AGENT_NOT_FOUND`,
   * `RELEASE_…`, `RESOURCE_NOT_FOUND` for a version that is not there.
   */
  create(request: CreateOperation, caller: OperationCaller): Promise<OperationView>;
  /** Newest first. Throws `REQUEST_INVALID` for a cursor that is none. */
  list(query: OperationQuery): Promise<Page<OperationView>>;
  /** Throws `RESOURCE_NOT_FOUND`. */
  read(name: string): Promise<OperationView>;
  /** What the agent is offered. Throws `AGENT_NOT_FOUND`. */
  available(agentId: string): Promise<AvailableUpdateView>;
  /** Asks for what it is offered, as an operation. Throws `OPERATION_NOT_NEEDED` and what `create` throws. */
  requestUpdate(agentId: string, request: RequestUpdate, caller: OperationCaller): Promise<OperationView>;
}

/** As `operationListQuerySchema` reads it. */
export interface OperationQuery extends PageQuery {
  readonly agentId?: string | undefined;
  /** Only those on agents in these groups; left out: all. See core's `scopeOf`. */
  readonly within?: readonly string[] | undefined;
}
