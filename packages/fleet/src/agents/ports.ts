import type {
  AgentListQuery,
  AgentView,
  CreateToken,
  LabelAgents,
  LabelledView,
  OverviewView,
  TargetView,
  TokenView,
} from "@muster/protocol/http";
import type { AuditTrail } from "../audit/ports.ts";
import type { Page, PageQuery } from "../ports.ts";
import type { Actor } from "../people/actor.ts";

/** As `agentListQuerySchema` reads it. */
export type AgentQuery = Omit<AgentListQuery, "cursor" | "limit"> &
  PageQuery & {
    /** Only agents in these groups; left out: all. See core's `scopeOf`. */
    readonly within?: readonly string[] | undefined;
  };

/** What the API asks about agents. */
export interface Agents {
  /** Throws `REQUEST_INVALID` for a filter or a cursor that cannot be read. */
  list(query: AgentQuery): Promise<Page<AgentView>>;
  /** Throws `AGENT_NOT_FOUND`. */
  read(id: string): Promise<AgentView>;
  /** Every update of the agent, newest first. Throws `AGENT_NOT_FOUND`. */
  targets(id: string, query: PageQuery): Promise<Page<TargetView>>;
  overview(): Promise<OverviewView>;
  /** All labels that the control plane gives the agent; they win over what it says. Throws `AGENT_NOT_FOUND`. */
  putLabels(id: string, request: { readonly labels: AgentView["labels"] }): Promise<AgentView>;
  /** The same for many agents. Throws `FILTER_INVALID`, `GROUP_NOT_FOUND`, `SELECTION_CHANGED`, `REQUEST_INVALID`. */
  label(request: LabelAgents): Promise<LabelledView>;
  /** Locks the agent out at once, whatever certificate it holds. Idempotent. Throws `AGENT_NOT_FOUND`. */
  revoke(id: string, trail?: AuditTrail): Promise<AgentView>;
  /** The host's rollbacks hold no release back from it any more: it was repaired. Throws `AGENT_NOT_FOUND`. */
  forgive(id: string, trail?: AuditTrail): Promise<AgentView>;
}

/** Registration tokens: what lets a new host in. */
export interface RegistrationTokens {
  /** `token` is the secret; it is not kept and never shown again. */
  create(
    request: CreateToken,
    actor: Actor,
    trail?: AuditTrail,
  ): Promise<TokenView & { readonly token: string }>;
  /** Newest first; revoked ones are left out. */
  list(query: PageQuery): Promise<Page<TokenView>>;
  /** Nobody can enrol with it any more. Idempotent. Throws `RESOURCE_NOT_FOUND`. */
  revoke(id: string, trail?: AuditTrail): Promise<void>;
}
