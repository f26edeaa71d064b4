import type { RuleAgent } from "@muster/core";
import type { GroupBook } from "./group-book.ts";

/** The groups that some agents are in, kept once for all of them. */
export interface GroupList {
  readonly product: string;
  /** Ids, by priority, highest first. */
  readonly groupIds: readonly string[];
}

/**
 * Who is in which group, in memory: agents of one fleet share a few lists of groups, so that 100,000 agents cost a pointer
 * each. Revoked agents are in none. The database is the truth; this follows every commit.
 */
export interface Memberships {
  /** By priority, highest first; empty for an agent that is not known. */
  groupsOf(agentId: string): readonly string[];
  /** The same with its product; undefined for an agent that is not known or is revoked. */
  listOf(agentId: string): GroupList | undefined;
  countOf(groupId: string): number;
  /** Every agent that is known, with its list; lists are the same object where they are equal. */
  all(): Iterable<readonly [agentId: string, list: GroupList]>;
  /** The agent is new, or says or is given something else. */
  agentChanged(agent: RuleAgent): void;
  agentGone(agentId: string): void;
  /** A group without a rule has exactly these members; of one with a rule they are forgotten. */
  setNamed(groupId: string, agentIds: readonly string[]): void;
  /** A group is new, has changed or is gone: `members` are in it now, and nobody else. Leaves those in `except` alone. */
  setMembers(groupId: string, members: ReadonlySet<string>, except?: ReadonlySet<string>): void;
  /** Remembers, until its result is called, whom `agentChanged` and `agentGone` tell of. */
  recordChanges(): () => ReadonlySet<string>;
  /** Priorities have changed. */
  reorder(): void;
}

export function createMemberships(book: GroupBook): Memberships {
  const { ofAgent, counts, listFor, move } = createLists();
  const named = new Map<string, ReadonlySet<string>>();
  const recordings = new Set<Set<string>>();

  const record = (agentId: string) => {
    for (const changed of recordings) changed.add(agentId);
  };
  const inOrder = (isIn: (groupId: string) => boolean): readonly string[] =>
    book.all().flatMap(({ row }) => (isIn(row.id) ? [row.id] : []));
  /** Gives every agent the list that takes the place of its own; each list is worked out once. */
  const replaceLists = (next: (list: GroupList, agentId: string) => readonly string[]) => {
    for (const [agentId, list] of ofAgent) move(agentId, listFor(list.product, next(list, agentId)));
  };

  return {
    groupsOf: (agentId) => ofAgent.get(agentId)?.groupIds ?? [],
    listOf: (agentId) => ofAgent.get(agentId),
    countOf: (groupId) => {
      let count = 0;
      for (const [list, agents] of counts) if (list.groupIds.includes(groupId)) count += agents;
      return count;
    },
    all: () => ofAgent,
    agentChanged: (agent) => {
      record(agent.id);
      const groupIds = book.all().flatMap(({ row, rule, matches }) => {
        const isIn = rule === null ? (named.get(row.id)?.has(agent.id) ?? false) : matches(agent);
        return isIn ? [row.id] : [];
      });
      move(agent.id, listFor(agent.product, groupIds));
    },
    agentGone: (agentId) => {
      record(agentId);
      move(agentId, undefined);
    },
    recordChanges: () => {
      const changed = new Set<string>();
      recordings.add(changed);
      return () => {
        recordings.delete(changed);
        return changed;
      };
    },
    setNamed: (groupId, agentIds) => {
      if (agentIds.length === 0) named.delete(groupId);
      else named.set(groupId, new Set(agentIds));
    },
    setMembers: (groupId, members, except = new Set()) => {
      const withIt = new Map<GroupList, readonly string[]>();
      const without = new Map<GroupList, readonly string[]>();
      replaceLists((list, agentId) => {
        if (except.has(agentId)) return list.groupIds;
        const known = members.has(agentId) ? withIt : without;
        const next =
          known.get(list) ??
          inOrder((id) => (id === groupId ? known === withIt : list.groupIds.includes(id)));
        known.set(list, next);
        return next;
      });
    },
    reorder: () => {
      const orders = new Map<GroupList, readonly string[]>();
      replaceLists((list) => {
        const next = orders.get(list) ?? inOrder((id) => list.groupIds.includes(id));
        orders.set(list, next);
        return next;
      });
    },
  };
}

/** Which list each agent has, and how many have each. */
function createLists() {
  const lists = new Map<string, GroupList>();
  const counts = new Map<GroupList, number>();
  const ofAgent = new Map<string, GroupList>();
  const listFor = (product: string, groupIds: readonly string[]): GroupList => {
    const key = [product, ...groupIds].join(" ");
    const known = lists.get(key);
    if (known) return known;
    const list = { product, groupIds };
    lists.set(key, list);
    return list;
  };
  const move = (agentId: string, list: GroupList | undefined) => {
    const before = ofAgent.get(agentId);
    if (before === list) return;
    if (before) counts.set(before, (counts.get(before) ?? 0) - 1);
    if (list) counts.set(list, (counts.get(list) ?? 0) + 1);
    if (list) ofAgent.set(agentId, list);
    else ofAgent.delete(agentId);
  };
  return { ofAgent, counts, listFor, move };
}
