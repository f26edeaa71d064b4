import type { RuleAgent } from "@muster/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GroupRow } from "../store/schema.ts";
import { createGroupBook } from "./group-book.ts";
import { createMemberships } from "./memberships.ts";

function aGroup(id: string, changes: Partial<GroupRow> = {}): GroupRow {
  const row = { id, name: id, description: "", rule: null, priority: 0, revision: 1 };
  return { ...row, created_at: 1, created_by: "tester", updated_at: 1, ...changes };
}
const anAgent = (id: string, env: string): RuleAgent => ({
  id,
  hostname: id,
  product: "app",
  os: "linux",
  arch: "amd64",
  labels: { env },
});

describe("memberships", () => {
  test("an agent is in the groups whose rule it meets, the one of highest priority first", () => {
    const book = createGroupBook([
      aGroup("all", { rule: "" }),
      aGroup("prod", { rule: "env=production", priority: 5 }),
      aGroup("test", { rule: "env=test", priority: 9 }),
    ]);
    const memberships = createMemberships(book);
    memberships.agentChanged(anAgent("a", "production"));
    expect(memberships.groupsOf("a")).toEqual(["prod", "all"]);
    memberships.agentChanged(anAgent("a", "test"));
    expect(memberships.groupsOf("a")).toEqual(["test", "all"]);
    book.put(aGroup("all", { rule: "", priority: 10 }));
    memberships.reorder();
    expect(memberships.groupsOf("a")).toEqual(["all", "test"]);
    memberships.agentGone("a");
    expect(memberships.groupsOf("a")).toEqual([]);
    expect(memberships.countOf("all")).toBe(0);
  });

  test("an agent that changed while a group was worked out keeps what the change gave it", () => {
    const book = createGroupBook([]);
    const memberships = createMemberships(book);
    memberships.agentChanged(anAgent("a", "test"));
    book.put(aGroup("prod", { rule: "env=production" }));
    const changed = memberships.recordChanges();
    memberships.agentChanged(anAgent("a", "production"));
    memberships.setMembers("prod", new Set(), changed());
    expect(memberships.groupsOf("a")).toEqual(["prod"]);
  });

  test("after any history, lists and counts are those of a fresh start", () => {
    const env = fc.constantFrom("production", "test", "dev");
    const agentId = fc.constantFrom("a", "b", "c", "d");
    const groupId = fc.constantFrom("g1", "g2", "g3");
    const step = fc.oneof(
      fc.record({ kind: fc.constant("agent" as const), agentId, env }),
      fc.record({ kind: fc.constant("gone" as const), agentId }),
      fc.record({
        kind: fc.constant("rule" as const),
        groupId,
        env,
        priority: fc.integer({ min: 0, max: 3 }),
      }),
      fc.record({ kind: fc.constant("removed" as const), groupId }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const book = createGroupBook([]);
        const memberships = createMemberships(book);
        const agents = new Map<string, RuleAgent>();
        for (const done of steps) {
          if (done.kind === "agent") {
            agents.set(done.agentId, anAgent(done.agentId, done.env));
            memberships.agentChanged(anAgent(done.agentId, done.env));
          } else if (done.kind === "gone") {
            agents.delete(done.agentId);
            memberships.agentGone(done.agentId);
          } else if (done.kind === "removed") {
            book.remove(done.groupId);
            memberships.reorder();
          } else {
            const group = book.put(
              aGroup(done.groupId, { rule: `env=${done.env}`, priority: done.priority }),
            );
            const members = [...agents.values()].filter((agent) => group.matches(agent));
            memberships.setMembers(done.groupId, new Set(members.map(({ id }) => id)));
            memberships.reorder();
          }
        }
        const fresh = createMemberships(book);
        for (const agent of agents.values()) fresh.agentChanged(agent);
        for (const id of ["a", "b", "c", "d"]) expect(memberships.groupsOf(id)).toEqual(fresh.groupsOf(id));
        for (const id of ["g1", "g2", "g3"]) expect(memberships.countOf(id)).toBe(fresh.countOf(id));
      }),
    );
  });
});
