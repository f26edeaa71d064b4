import { groupPageSchema, groupSchema, rulePreviewSchema } from "@muster/protocol/http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Groups } from "./ports.ts";
import { aHello, createTestPlane, type TestPlane } from "../testing/plane.ts";

const ACTOR = { name: "tester", role: "operator" } as const;
let fleet: TestPlane;
let groups: Groups;
let ids: string[];

beforeEach(async () => {
  fleet = await createTestPlane();
  groups = fleet.plane.groups;
  ids = [];
  for (const env of ["production", "production", "test"]) {
    const { agentId } = await fleet.enrol({ hostname: `${env}-${ids.length}`, labels: { env } });
    await fleet.plane.desk.connected(aHello(agentId, { hostname: `${env}-${ids.length}`, labels: { env } }));
    ids.push(agentId);
  }
});
afterEach(() => fleet.close());

const members = async (filter: string) =>
  (await fleet.plane.agents.list({ limit: 100, filter })).items.map(({ id }) => id).toSorted();

describe("groups", () => {
  test("a rule says who is in it, in memory and in the database alike, and follows the agents' labels", async () => {
    const group = await groups.create({ name: "prod", rule: "env=production" }, ACTOR);
    expect(groupSchema.parse(group)).toMatchObject({ name: "prod", members: 2, revision: 1 });
    expect(group.id).toMatch(/^grp_/);
    expect(await members("group:prod")).toEqual(ids.slice(0, 2).toSorted());
    const [, , third = ""] = ids;
    await fleet.plane.agents.putLabels(third, { labels: { env: "production" } });
    expect(groups.groupsOf(third)).toEqual([group.id]);
    expect(await members(`group:${group.id}`)).toHaveLength(3);
    expect((await groups.read("prod")).members).toBe(3);
    await fleet.plane.agents.putLabels(third, { labels: {} });
    expect(groups.groupsOf(third)).toEqual([]);
    expect((await fleet.plane.agents.read(third)).labels).toEqual({ env: "test" });
  });

  test("a revoked agent is in no group", async () => {
    await groups.create({ name: "prod", rule: "env=production" }, ACTOR);
    await fleet.plane.agents.revoke(ids[0] ?? "");
    expect((await groups.read("prod")).members).toBe(1);
    expect(await members("group:prod")).toEqual([ids[1]]);
  });

  test("named members come and go, and only where no rule says who is in it", async () => {
    const { id } = await groups.create({ name: "named" }, ACTOR);
    const [first = "", second = ""] = ids;
    await groups.changeMembers("named", { add: [first, second, first] }, ACTOR);
    const left = await groups.changeMembers("named", { add: [second], remove: [first] }, ACTOR);
    expect(left).toMatchObject({ members: 1, revision: 3 });
    expect(groups.groupsOf(second)).toEqual([id]);
    await expect(groups.changeMembers(id, { add: ["nobody"] }, ACTOR)).rejects.toMatchObject({
      code: "AGENT_NOT_FOUND",
    });
    await groups.update(id, { rule: "env=production" }, ACTOR);
    await expect(groups.changeMembers(id, { add: [first] }, ACTOR)).rejects.toMatchObject({
      code: "GROUP_MEMBERS_BY_RULE",
    });
    // Whoever the rule had stays, by name.
    const named = await groups.update(id, { rule: null }, ACTOR);
    expect(named.members).toBe(2);
    await fleet.plane.agents.putLabels(first, { labels: { env: "test" } });
    expect(groups.groupsOf(first)).toEqual([id]);
  });

  test("a change says which revision it means, and names stay unique", async () => {
    const { id } = await groups.create({ name: "one", rule: "" }, ACTOR);
    await groups.create({ name: "two", rule: "" }, ACTOR);
    await expect(groups.create({ name: "one" }, ACTOR)).rejects.toMatchObject({ code: "GROUP_EXISTS" });
    await expect(groups.update(id, { name: "two" }, ACTOR)).rejects.toMatchObject({ code: "GROUP_EXISTS" });
    await expect(groups.update(id, { priority: 1, revision: 7 }, ACTOR)).rejects.toMatchObject({
      code: "RESOURCE_CONFLICT",
    });
    await expect(groups.create({ name: "bad", rule: "version:2" }, ACTOR)).rejects.toMatchObject({
      code: "FILTER_INVALID",
    });
    await groups.update(id, { priority: 1, revision: 1 }, ACTOR);
    const page = groupPageSchema.parse(await groups.list({ limit: 1 }));
    expect(page).toMatchObject({ total: 2, items: [{ name: "one" }] });
    const next = await groups.list({ limit: 1, cursor: page.nextCursor ?? "" });
    expect(next).toMatchObject({ nextCursor: null, items: [{ name: "two" }] });
  });

  test("the preview of a rule says who would join and leave, and changes nothing", async () => {
    await groups.create({ name: "prod", rule: "env=production" }, ACTOR);
    const preview = await groups.preview({ rule: "env=test or production-1", group: "prod" });
    expect(rulePreviewSchema.parse(preview)).toEqual({
      members: 2,
      joins: { count: 1, agentIds: [ids[2]] },
      leaves: { count: 1, agentIds: [ids[0]] },
    });
    expect((await groups.read("prod")).rule).toBe("env=production");
  });

  test("a removed group is found nowhere", async () => {
    const { id } = await groups.create({ name: "prod", rule: "" }, ACTOR);
    await groups.remove("prod", ACTOR);
    expect(groups.groupsOf(ids[0] ?? "")).toEqual([]);
    await expect(groups.read(id)).rejects.toMatchObject({ code: "GROUP_NOT_FOUND" });
    await expect(members("group:prod")).rejects.toMatchObject({ code: "GROUP_NOT_FOUND" });
  });
});

describe("labels", () => {
  test("many agents are labelled by a filter, as many as were expected", async () => {
    const { agents } = fleet.plane;
    const selection = { kind: "filter", filter: "env=production", expected: 2 } as const;
    expect(await agents.label({ selection, set: { ring: "1" }, dryRun: true })).toEqual({
      matched: 2,
      changed: 2,
    });
    expect(await members("ring=1")).toEqual([]);
    expect(await agents.label({ selection, set: { ring: "1" } })).toEqual({ matched: 2, changed: 2 });
    expect(await members("ring=1")).toEqual(ids.slice(0, 2).toSorted());
    expect(await agents.label({ selection, set: { ring: "1" } })).toEqual({ matched: 2, changed: 0 });
    const all = { kind: "filter", filter: "", expected: 2 } as const;
    await expect(agents.label({ selection: all, set: {} })).rejects.toMatchObject({
      code: "SELECTION_CHANGED",
      details: { expected: 2, found: 3 },
    });
    await agents.label({ selection: { kind: "agents", ids }, remove: ["ring"] });
    expect(await members("tag:ring")).toEqual([]);
  });

  test("what an operator gives wins over what the agent says, at its next hello too", async () => {
    const [first = ""] = ids;
    await fleet.plane.agents.putLabels(first, { labels: { env: "staging" } });
    await fleet.plane.desk.connected(aHello(first, { labels: { env: "production", rack: "4" } }));
    const agent = await fleet.plane.agents.read(first);
    expect(agent.labels).toEqual({ env: "staging", rack: "4" });
    expect(agent.assignedLabels).toEqual({ env: "staging" });
    expect(await members("env=staging rack=4")).toEqual([first]);
  });
});
