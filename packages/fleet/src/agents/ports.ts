import type {
  AgentListQuery,
  AgentView,
  CreateToken,
  OverviewView,
  TargetView,
  TokenView,
} from "@muster/protocol/http";
import type { Page, PageQuery } from "../ports.ts";
import type { Actor } from "../people/actor.ts";

/** As `agentListQuerySchema` reads it. */
export type AgentQuery = Omit<AgentListQuery, "cursor" | "limit"> & PageQuery;

/** What the API asks about agents. */
export interface Agents {
  /** Throws `REQUEST_INVALID` for a filter or a cursor that cannot be read. */
  list(query: AgentQuery): Promise<Page<AgentView>>;
  /** Throws `AGENT_NOT_FOUND`. */
  read(id: string): Promise<AgentView>;
  /** Every update of the agent, newest first. Throws `AGENT_NOT_FOUND`. */
  targets(id: string, query: PageQuery): Promise<Page<TargetView>>;
  overview(): Promise<OverviewView>;
  /** Locks the agent out at once, whatever certificate it holds. Idempotent. Throws `AGENT_NOT_FOUND`. */
  revoke(id: string): Promise<AgentView>;
}

/** Registration tokens: what lets a new host in. */
export interface RegistrationTokens {
  /** `token` is the secret; it is not kept and never shown again. */
  create(request: CreateToken, actor: Actor): Promise<TokenView & { readonly token: string }>;
  /** Newest first; revoked ones are left out. */
  list(query: PageQuery): Promise<Page<TokenView>>;
  /** Nobody can enrol with it any more. Idempotent. Throws `RESOURCE_NOT_FOUND`. */
  revoke(id: string): Promise<void>;
}
