import type {
  AgentDesiredView,
  ChangeMembers,
  CreateGroup,
  DesiredView,
  GroupStatusView,
  GroupView,
  PreviewRule,
  PutDesired,
  RulePreviewView,
  UpdateGroup,
} from "@muster/protocol/http";
import type { Page, PageQuery } from "../ports.ts";
import type { Actor } from "../rollout/ports.ts";

/** Groups of agents, as the API calls them. `group` is an id or a name; what is none is `GROUP_NOT_FOUND`. */
export interface Groups {
  /** By priority, highest first; only these, where they are named. */
  list(query: PageQuery & { readonly within?: readonly string[] | undefined }): Promise<Page<GroupView>>;
  read(group: string): Promise<GroupView>;
  /** Throws `GROUP_EXISTS`, `FILTER_INVALID`. */
  create(request: CreateGroup, actor: Actor): Promise<GroupView>;
  /** Throws `GROUP_EXISTS`, `FILTER_INVALID`, `RESOURCE_CONFLICT` for another revision. */
  update(group: string, request: UpdateGroup, actor: Actor): Promise<GroupView>;
  /** Its agents keep what they run. */
  remove(group: string, actor: Actor): Promise<void>;
  /** Throws `GROUP_MEMBERS_BY_RULE`, `AGENT_NOT_FOUND`. */
  changeMembers(group: string, request: ChangeMembers, actor: Actor): Promise<GroupView>;
  /** Who would be in a group with this rule, and who would join and leave. Throws `FILTER_INVALID`. */
  preview(request: PreviewRule): Promise<RulePreviewView>;
  /** Ids, by priority, highest first: from memory, for every request. Empty for an agent that is not known. */
  groupsOf(agentId: string): readonly string[];
  /** The group's id; undefined if there is none. From memory. */
  idOf(group: string): string | undefined;
}

/** What groups are to run, and whether they do. */
export interface DesiredStates {
  status(group: string): Promise<GroupStatusView>;
  /** Throws `ROLLOUT_PLAN_INVALID`, `RESOURCE_CONFLICT` for another revision. */
  put(
    key: { readonly group: string; readonly product: string },
    request: PutDesired,
    actor: Actor,
  ): Promise<DesiredView>;
  /** Rollouts that are under way go on. Throws `RESOURCE_NOT_FOUND`. */
  remove(key: { readonly group: string; readonly product: string }, actor: Actor): Promise<void>;
  /** What went wrong until now holds nothing back any more. Throws `RESOURCE_NOT_FOUND`. */
  clear(key: { readonly group: string; readonly product: string }, actor: Actor): Promise<DesiredView>;
  /** Throws `AGENT_NOT_FOUND`. */
  ofAgent(agentId: string): Promise<AgentDesiredView>;
}
