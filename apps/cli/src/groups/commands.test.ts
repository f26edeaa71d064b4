import { describe, expect, test } from "vitest";
import { pageOf, stubApi } from "../testing/stub-api.ts";
import { runMuster } from "../testing/test-terminal.ts";
import { sampleAgent } from "../testing/views.ts";

const GROUP = {
  id: "grp_1",
  name: "edge",
  description: "",
  rule: "env=production",
  priority: 5,
  members: 3,
  revision: 1,
  createdAt: 0,
  createdBy: "tester",
  updatedAt: 0,
};
const DESIRED = {
  groupId: "grp_1",
  group: "edge",
  product: "app",
  track: { kind: "channel", channel: "stable" },
  plan: { strategy: { kind: "immediate" } },
  revision: 1,
  updatedAt: 0,
  updatedBy: "tester",
  version: "2.0.0",
  phase: "held",
  why: "a rollout of this version failed",
  rolloutId: "ro_1",
  agents: 3,
  converged: 1,
  drift: [{ reason: "failed_before", count: 2, agentIds: ["ag_1", "ag_2"] }],
};

describe("muster group", () => {
  test("makes one by a rule, or with named members", async () => {
    await using api = await stubApi({
      "POST /api/v1/groups": () => GROUP,
      "POST /api/v1/groups/grp_1/members": () => ({ ...GROUP, rule: null }),
    });
    const byRule = ["group", "create", "edge", "--rule", "env=production", "--priority", "-5"];
    expect(await runMuster(byRule, { env: api.env })).toMatchObject({ code: 0 });
    const body = (at: number): unknown => JSON.parse(api.requests.at(at)?.body.toString() ?? "");
    expect(body(0)).toEqual({ name: "edge", rule: "env=production", priority: -5 });
    await runMuster(["group", "create", "edge", "--agents", "ag_1,ag_2"], { env: api.env });
    expect(body(2)).toEqual({ add: ["ag_1", "ag_2"] });
    const both = await runMuster([...byRule, "--agents", "ag_1"], { env: api.env });
    expect(both).toMatchObject({ code: 2 });
  });

  test("lists, edits and removes them", async () => {
    await using api = await stubApi({
      "GET /api/v1/groups": () => pageOf([GROUP]),
      "PUT /api/v1/groups/edge": () => ({ ...GROUP, rule: null }),
      "DELETE /api/v1/groups/edge": () => undefined,
    });
    const list = await runMuster(["group", "list"], { env: api.env });
    expect(list.stdout).toMatch(/grp_1 +edge +5 +3 .* env=production/);
    const edited = await runMuster(["group", "edit", "edge", "--drop-rule"], { env: api.env });
    expect(edited.stdout).toMatch(/Rule +\(named members\)/);
    expect(JSON.parse(api.requests[1]?.body.toString() ?? "")).toEqual({ rule: null });
    expect((await runMuster(["group", "remove", "edge"], { env: api.env })).stdout).toBe(
      "Removed group edge.\n",
    );
  });

  test("shows who is in it, and who would be", async () => {
    await using api = await stubApi({
      "GET /api/v1/agents": () => pageOf([sampleAgent()]),
      "POST /api/v1/groups/preview": () => ({
        members: 9,
        joins: { count: 6, agentIds: ["a", "b", "c", "d", "e", "f"] },
        leaves: { count: 0, agentIds: [] },
      }),
    });
    expect((await runMuster(["group", "members", "edge"], { env: api.env })).stdout).toContain("ag_1");
    expect(api.requests[0]?.query["filter"]).toBe('group:"edge"');
    const preview = await runMuster(["group", "preview", "env=test", "--group", "edge"], { env: api.env });
    expect(preview.stdout).toBe("9 agents match.\n6 would join: a b c d e and 1 more\n");
  });

  test("says what it is to run, and why some do not", async () => {
    await using api = await stubApi({
      "GET /api/v1/groups/edge/status": () => ({ group: GROUP, desired: [DESIRED] }),
    });
    const { stdout } = await runMuster(["group", "status", "edge"], { env: api.env });
    expect(stdout).toMatch(/State +held: a rollout of this version failed\n/);
    expect(stdout).toMatch(/There +1 of 3 agents/);
    expect(stdout).toMatch(/2 +failed_before +this version failed on it.* ag_1 ag_2/);
  });

  test("follows a channel or is pinned, with a plan that has to be said", async () => {
    await using api = await stubApi({
      "PUT /api/v1/groups/edge/desired/app": () => DESIRED,
      "POST /api/v1/groups/edge/desired/app/clear": () => DESIRED,
    });
    const follow = ["group", "follow", "edge", "app", "stable"];
    expect(await runMuster(follow, { env: api.env })).toMatchObject({ code: 2 });
    await runMuster([...follow, "--waves", "5/25/100", "--settle", "5m", "--follow-every", "10m"], {
      env: api.env,
    });
    await runMuster(["group", "pin", "edge", "app", "1.4.0", "--allow-downgrade", "--immediate"], {
      env: api.env,
    });
    const bodies = api.requests.map(({ body }): unknown => JSON.parse(body.toString()));
    expect(bodies).toMatchObject([
      {
        track: { kind: "channel", channel: "stable" },
        plan: { strategy: { kind: "waves", settleMs: 300_000 }, followUp: { everyMs: 600_000 } },
      },
      {
        track: { kind: "version", version: "1.4.0", allowDowngrade: true },
        plan: { strategy: { kind: "immediate" } },
      },
    ]);
    expect(await runMuster(["group", "clear", "edge", "app"], { env: api.env })).toMatchObject({ code: 0 });
  });
});
