import { describe, expect, test } from "vitest";
import { pageOf, stubApi } from "../testing/stub-api.ts";
import { runMuster } from "../testing/test-terminal.ts";
import { samplePreview, sampleRollout, sampleTarget } from "../testing/views.ts";

describe("muster rollout", () => {
  const plan = ["acme-agent", "1.1.0", "--all", "--waves", "5/25/100"];

  test("create sends the plan and shows the rollout", async () => {
    await using api = await stubApi({ "POST /api/v1/rollouts": () => sampleRollout() });
    const created = await runMuster(["rollout", "create", ...plan, "--max-failures", "5%"], { env: api.env });
    expect(created).toMatchObject({ code: 0, stderr: "Follow it with: muster rollout watch ro_1\n" });
    expect(created.stdout).toMatch(/Rollout +ro_1/);
    expect(JSON.parse(api.requests[0]?.body.toString() ?? "")).toMatchObject({
      cohort: { kind: "all" },
      failurePolicy: { threshold: { percent: 5 } },
    });
  });

  test("create for all asks a person for the number of agents, unless --yes", async () => {
    await using api = await stubApi({
      "POST /api/v1/rollouts/preview": () => samplePreview(),
      "POST /api/v1/rollouts": () => sampleRollout(),
    });
    const create = (answers: readonly string[], ...more: readonly string[]) =>
      runMuster(["rollout", "create", ...plan, ...more], { env: api.env, isTTY: true, answers });
    expect(await create(["yes"])).toMatchObject({ code: 2 });
    expect(api.requests.map(({ route }) => route)).toEqual(["POST /api/v1/rollouts/preview"]);
    expect(await create(["10"])).toMatchObject({ code: 0 });
    expect(await create([], "--yes")).toMatchObject({ code: 0 });
    expect(api.requests.map(({ route }) => route).slice(3)).toEqual(["POST /api/v1/rollouts"]);
  });

  test("preview shows who and why not", async () => {
    await using api = await stubApi({ "POST /api/v1/rollouts/preview": () => samplePreview() });
    const { stdout } = await runMuster(["rollout", "preview", ...plan], { env: api.env });
    expect(stdout).toMatch(/Ready +10, of which 1 are offline/);
    expect(stdout).toMatch(/2 +no artifact +ag_8 ag_9/);
  });

  test.each(["pause", "resume", "approve", "cancel", "retry"])("%s is sent and answered", async (verb) => {
    await using api = await stubApi({ [`POST /api/v1/rollouts/ro_1/${verb}`]: () => sampleRollout() });
    expect(await runMuster(["rollout", verb, "ro_1"], { env: api.env })).toMatchObject({
      code: 0,
      stdout: "Rollout ro_1 is running.\n",
    });
  });

  test("a verb that is refused exits with 4 and changes nothing", async () => {
    await using api = await stubApi({
      "POST /api/v1/rollouts/ro_1/resume": () => "ROLLOUT_TRANSITION_INVALID",
    });
    expect(await runMuster(["rollout", "resume", "ro_1"], { env: api.env })).toMatchObject({
      code: 4,
      stdout: "",
    });
  });

  test("status shows waves, what went wrong and what can be done", async () => {
    const counts = { ...sampleRollout().counts, failed: 12 };
    await using api = await stubApi({
      "GET /api/v1/rollouts/ro_1": () => sampleRollout({ counts }),
      "GET /api/v1/rollouts/ro_1/targets": () => ({
        items: [sampleTarget({ state: "failed", code: "DISK_SHORT", message: null })],
        nextCursor: "x",
        total: 12,
      }),
    });
    const { stdout } = await runMuster(["rollout", "status", "ro_1"], { env: api.env });
    expect(stdout).toContain("What went wrong (1 of 12)");
    expect(stdout).toMatch(/failed .* DISK_SHORT/);
    expect(stdout).toContain("muster rollout pause: No further agent gets the update.");
    expect(api.requests[1]?.query).toEqual({ group: "failed", limit: "10" });
  });

  test("targets counts waves from one, as every table does", async () => {
    await using api = await stubApi({ "GET /api/v1/rollouts/ro_1/targets": () => pageOf([sampleTarget()]) });
    const { stdout } = await runMuster(["rollout", "targets", "ro_1", "--wave", "1", "--group", "failed"], {
      env: api.env,
    });
    expect(api.requests[0]?.query).toEqual({ wave: "0", group: "failed", limit: "100" });
    expect(stdout).toMatch(/web-1 +1 +1\.0\.0/);
  });

  test.each([
    ["completed", null, 0],
    ["paused", "failure_threshold", 6],
    ["rolled_back", null, 6],
    ["failed", null, 6],
    ["canceled", null, 6],
  ] as const)("watch of one that is %s (%s) exits with %d", async (state, pauseCause, code) => {
    await using api = await stubApi({
      "GET /api/v1/rollouts/ro_1": () => sampleRollout({ state, pauseCause }),
    });
    expect(await runMuster(["rollout", "watch", "ro_1"], { env: api.env })).toMatchObject({
      code,
      stderr: "",
    });
    const json = await runMuster(["rollout", "watch", "ro_1", "--json"], { env: api.env });
    expect(JSON.parse(json.stdout)).toMatchObject({ id: "ro_1", state });
  });
});
