import { previewSchema, type RolloutRequest, rolloutPageSchema, rolloutSchema } from "@muster/protocol/http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { insertAll } from "../store/bulk.ts";
import { aHello, createTestPlane, type TestPlane } from "../testing/plane.ts";
import { anAgent, anArtifact, aRelease } from "../testing/rows.ts";

const ACTOR = { name: "tester", role: "operator" } as const;
const REQUEST: RolloutRequest = {
  product: "app",
  version: "2.0.0",
  cohort: { kind: "all" },
  strategy: { kind: "immediate" },
};
let lab: TestPlane;

beforeEach(async () => {
  lab = await createTestPlane();
  const { db } = lab.watched;
  await insertAll(db, "releases", [
    aRelease("2.0.0"),
    aRelease("2.1.0"),
    aRelease("3.0.0", { state: "mirroring" }),
    aRelease("4.0.0", { state: "yanked", state_json: '{"why":"it burns"}' }),
  ]);
  await insertAll(db, "artifacts", [anArtifact("2.0.0"), anArtifact("2.1.0")]);
  await insertAll(db, "agents", [
    anAgent("a", { version: "1.0.0" }),
    anAgent("b", { version: "1.0.0" }),
    anAgent("c", { version: "2.0.0" }),
    anAgent("d", { os: "darwin" }),
    anAgent("e", { capabilities_json: "[]" }),
    anAgent("f", { policy_json: '{"updates":false,"maintenance":false}' }),
    anAgent("g", { revoked_at: 5 }),
  ]);
});
afterEach(async () => {
  await lab.close();
});

const rollouts = () => lab.plane.rollouts;

test("a preview says who would be updated and why the others would not, and changes nothing", async () => {
  const preview = await rollouts().preview(REQUEST);
  expect(previewSchema.parse(preview)).toEqual(preview);
  expect(preview).toMatchObject({ ready: 2, excluded: 5, offline: 2, plannedBytes: 2000 });
  const reasons = Object.fromEntries(preview.reasons.map(({ reason, agentIds }) => [reason, agentIds]));
  expect(reasons).toEqual({
    already_there: ["c"],
    no_artifact: ["d"],
    no_update_capability: ["e"],
    updates_disabled: ["f"],
    revoked: ["g"],
  });
  expect(preview.versions).toEqual([{ version: "1.0.0", count: 2 }]);
  expect((await rollouts().list({ limit: 10 })).total).toBe(0);
});

test.each([
  ["a release that does not exist", { version: "9.0.0" }, "RESOURCE_NOT_FOUND"],
  ["a release that is not mirrored yet", { version: "3.0.0" }, "RELEASE_NOT_READY"],
  ["a release that was yanked", { version: "4.0.0" }, "RELEASE_YANKED"],
  [
    "a label expression that cannot be read",
    { cohort: { kind: "labels", expression: "=x" } },
    "ROLLOUT_COHORT_INVALID",
  ],
  [
    "waves that do not reach everyone",
    { strategy: { kind: "waves", waves: [{ percent: 5 }], settleMs: 0, approval: "automatic" } },
    "ROLLOUT_PLAN_INVALID",
  ],
] as [string, Partial<RolloutRequest>, string][])(
  "refuses %s, in the preview and again at the creation",
  async (_, change, code) => {
    await expect(rollouts().preview({ ...REQUEST, ...change })).rejects.toMatchObject({ code });
    await expect(rollouts().create({ ...REQUEST, ...change }, ACTOR)).rejects.toMatchObject({ code });
    expect((await rollouts().list({ limit: 10 })).total).toBe(0);
  },
);

test("an empty cohort is an answer of the preview, and refused at the creation", async () => {
  const nobody: RolloutRequest = { ...REQUEST, cohort: { kind: "agents", ids: ["c", "nobody"] } };
  expect(await rollouts().preview(nobody)).toMatchObject({ ready: 0, excluded: 2, waves: [] });
  await expect(rollouts().create(nobody, ACTOR)).rejects.toMatchObject({ code: "ROLLOUT_COHORT_EMPTY" });
});

test("of two rollouts created together only one takes an agent", async () => {
  const results = await Promise.allSettled([
    rollouts().create(REQUEST, ACTOR),
    rollouts().create({ ...REQUEST, version: "2.1.0" }, ACTOR),
  ]);
  const taken = await lab.watched.db.selectFrom("targets").select("agent_id").orderBy("agent_id").execute();
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
  // The second takes only who the first has left: it already ran what the first brings.
  expect(taken.map(({ agent_id }) => agent_id)).toEqual(["a", "b", "c"]);
});

test("a rollout is whole when it is created, and lists give it by state and page, newest first", async () => {
  const ids: string[] = [];
  for (const [agentId, version] of [
    ["a", "2.0.0"],
    ["b", "2.0.0"],
    ["c", "2.1.0"],
  ] as const) {
    lab.clock.goTo(lab.clock.now() + 1);
    const view = await rollouts().create(
      { ...REQUEST, version, cohort: { kind: "agents", ids: [agentId] } },
      ACTOR,
    );
    expect(rolloutSchema.parse(view)).toEqual(view);
    expect(view).toMatchObject({
      state: "scheduled",
      createdBy: "tester",
      counts: { planned: 1, pending: 1 },
    });
    ids.unshift(view.id);
  }
  const [newest = "", middle, oldest] = ids;
  await rollouts().act(newest, "cancel", ACTOR);
  const first = await rollouts().list({ limit: 2 });
  expect(rolloutPageSchema.parse(first)).toEqual(first);
  expect([first.total, ...first.items.map(({ id }) => id)]).toEqual([3, newest, middle]);
  const second = await rollouts().list({ limit: 2, cursor: first.nextCursor ?? undefined });
  expect(second.items.map(({ id }) => id)).toEqual([oldest]);
  expect(second.nextCursor).toBeNull();
  expect((await rollouts().list({ limit: 9, state: "canceled" })).items.map(({ id }) => id)).toEqual([
    newest,
  ]);
});

test("targets are found by their ids within their rollout only", async () => {
  const { id } = await rollouts().create(REQUEST, ACTOR);
  const { items } = await rollouts().targets(id, { limit: 10 });
  const [target] = items;
  expect(await rollouts().targetsById(id, [target?.id ?? "", "nonsense"])).toEqual([target]);
  expect(await rollouts().targetsById("other", [target?.id ?? ""])).toEqual([]);
});

test("what does not exist is RESOURCE_NOT_FOUND, for reads and verbs alike", async () => {
  const notFound = expect.objectContaining({ code: "RESOURCE_NOT_FOUND" });
  await expect(rollouts().read("nothing")).rejects.toEqual(notFound);
  await expect(rollouts().act("nothing", "pause", ACTOR)).rejects.toEqual(notFound);
  await expect(rollouts().targets("nothing", { limit: 1 })).rejects.toEqual(notFound);
  await expect(lab.plane.agents.read("nothing")).rejects.toMatchObject({ code: "AGENT_NOT_FOUND" });
  await expect(lab.plane.agents.revoke("nothing")).rejects.toMatchObject({ code: "AGENT_NOT_FOUND" });
  await expect(lab.plane.tokens.revoke("nothing")).rejects.toEqual(notFound);
});

test("a release that is yanked behind the rollout's back is not handed out", async () => {
  const { id } = await rollouts().create({ ...REQUEST, startAt: lab.clock.now() + 5000 }, ACTOR);
  const { db } = lab.watched;
  await db.updateTable("releases").set({ state: "yanked" }).where("version", "=", "2.0.0").execute();
  for (const agentId of ["a", "b"]) await lab.plane.desk.connected(aHello(agentId));
  await lab.run(10_000);
  expect(await rollouts().read(id)).toMatchObject({
    state: "paused",
    pauseCause: "release_yanked",
    touched: 0,
  });
  expect(lab.sent.size).toBe(0);
});
