import { afterEach, beforeEach, expect, test } from "vitest";
import { aHello, createTestPlane, type TestPlane } from "../testing/plane.ts";
import { aRelease, aRolloutRow } from "../testing/rows.ts";

const ACTOR = { name: "tester", role: "operator" } as const;
let lab: TestPlane;
let production: string;
let hardware: string;

beforeEach(async () => {
  lab = await createTestPlane();
  for (const env of ["production", "production", "test"]) {
    const { agentId } = await lab.enrol({ labels: { env } });
    await lab.plane.desk.connected(aHello(agentId, { labels: { env } }));
  }
  const { groups } = lab.plane;
  production = (await groups.create({ name: "production", rule: "env=production" }, ACTOR)).id;
  hardware = (await groups.create({ name: "hardware", rule: "env=nothing" }, ACTOR)).id;
});
afterEach(() => lab.close());

const agentsIn = async (within: readonly string[] | undefined, filter?: string) =>
  (await lab.plane.agents.list({ limit: 100, filter, within })).total;

test("agents are narrowed to groups, whatever else is asked for", async () => {
  expect(await agentsIn(undefined)).toBe(3);
  expect(await agentsIn([production])).toBe(2);
  expect(await agentsIn([hardware])).toBe(0);
  expect(await agentsIn([hardware, production])).toBe(2);
  expect(await agentsIn([production], "env=test")).toBe(0);
  expect(await agentsIn([hardware], "group:production")).toBe(0);
  expect(await agentsIn([production], "-group:production")).toBe(0);
  expect(await agentsIn([production], "env=test or env=production")).toBe(2);
});

test("nowhere, and a group that is gone, hold nobody", async () => {
  expect(await agentsIn([])).toBe(0);
  expect(await agentsIn(["grp_gone"])).toBe(0);
});

test("groups and rollouts are narrowed as well", async () => {
  const { plane, watched } = lab;
  const rows = [
    aRolloutRow({ id: "r1" }),
    { ...aRolloutRow({ id: "r2" }), cohort_group_id: production },
    { ...aRolloutRow({ id: "r3" }), cohort_group_id: hardware },
  ];
  await watched.db.insertInto("releases").values(aRelease("2.0.0")).execute();
  await watched.db.insertInto("rollouts").values(rows).execute();
  const listed = async (within: readonly string[] | undefined) => ({
    groups: (await plane.groups.list({ limit: 10, within })).items.map(({ name }) => name).toSorted(),
    rollouts: (await plane.rollouts.list({ limit: 10, within })).items.map(({ id }) => id).toSorted(),
  });
  expect(await listed(undefined)).toEqual({
    groups: ["hardware", "production"],
    rollouts: ["r1", "r2", "r3"],
  });
  expect(await listed([production])).toEqual({ groups: ["production"], rollouts: ["r2"] });
  expect(await listed([])).toEqual({ groups: [], rollouts: [] });
});
