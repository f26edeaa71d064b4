import type { ServerResponse } from "node:http";
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

  test("preview says so when nobody is meant", async () => {
    await using api = await stubApi({
      "POST /api/v1/rollouts/preview": () => ({
        ...samplePreview(),
        ready: 0,
        excluded: 0,
        offline: 0,
        reasons: [],
      }),
    });
    const { stdout } = await runMuster(["rollout", "preview", ...plan], { env: api.env });
    expect(stdout).toContain("No agent of this product is meant: check --labels and --agents.");
  });

  test("a canceled rollout waits for nothing, and accounts for every agent", async () => {
    const { counts, waves } = sampleRollout();
    const none = { ...counts, pending: 0, inProgress: 0, healthy: 0, canceled: 10 };
    await using api = await stubApi({
      "GET /api/v1/rollouts/ro_1": () =>
        sampleRollout({
          state: "canceled",
          endedAt: 2000,
          counts: none,
          waves: waves.slice(1).map((wave) => ({ ...wave, reason: null, counts: none })),
        }),
      "GET /api/v1/rollouts/ro_1/targets": () => pageOf([]),
    });
    const { stdout } = await runMuster(["rollout", "status", "ro_1"], { env: api.env });
    expect(stdout).toMatch(/SILENT +CANCELED/);
    expect(stdout).toMatch(/never opened +10( +0){6} +10/);
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

const event = (name: string, id: number, data: unknown) =>
  `event: ${name}\nid: e-${id}\ndata: ${JSON.stringify(data)}\n\n`;

describe("muster rollout watch, from the first event to the last", () => {
  const running = sampleRollout({ revision: 3 });
  const halted = sampleRollout({
    revision: 5,
    state: "paused",
    pauseCause: "failure_threshold",
    reason: "threshold",
    counts: { ...running.counts, rolledBack: 1 },
  });
  const failed = sampleTarget({ state: "rolled_back", code: "PROBATION_CRASHED", message: "ended 3 times" });

  /** The first connection ends before the news that counts. */
  const streams = [
    event("targets", 1, { rolloutId: "ro_1", targets: [sampleTarget({ receivedBytes: 700 })] }),
    event("rollout", 2, halted),
  ];
  const api = () => {
    let connections = 0;
    return stubApi({
      "GET /api/v1/rollouts/ro_1": () => running,
      "GET /api/v1/rollouts/ro_1/targets": () => pageOf([failed]),
      "GET /api/v1/live": () => (response: ServerResponse) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.end(streams[connections++] ?? "");
      },
    });
  };

  test("writes a line for each change into a log, and exits with 6 when it halts", async () => {
    await using server = await api();
    const result = await runMuster(["rollout", "watch", "ro_1"], { env: server.env });
    const lines = result.stdout.split("\n");
    expect(result.code).toBe(6);
    expect(lines[0]).toMatch(/ ro_1 running, wave 1 of 2 open: 1 of 10 healthy, 1 under way/);
    expect(lines[1]).toMatch(/ ro_1 paused \(failure_threshold\), wave 1 of 2 open: .*1 rolled back/);
    expect(result.stdout).toContain("What went wrong");
    expect(result.stdout).toMatch(/rolled_back .* PROBATION_CRASHED: ended 3 times/);
    expect(result.stderr).toMatch(/could not be reached.*; trying again/);
  });

  test("moves on a terminal, and ends with the whole picture", async () => {
    await using server = await api();
    const { stdout, code } = await runMuster(["rollout", "watch", "ro_1"], { env: server.env, isTTY: true });
    expect(code).toBe(6);
    expect(stdout).toContain("    web-1                    downloading  70% of 1.00 kB");
    expect(stdout).toContain("SERVER_UNREACHABLE: trying again");
    expect(stdout).toMatch(/State +paused \(failure_threshold\)/);
  });

  test("is a stream of the API's objects under --json", async () => {
    await using server = await api();
    const { stdout, stderr } = await runMuster(["rollout", "watch", "ro_1", "--json"], { env: server.env });
    const objects = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(objects).toEqual([running, halted]);
    expect(stderr).toBe("");
  });

  test("create --watch follows the rollout that it made", async () => {
    await using server = await stubApi({
      "POST /api/v1/rollouts": () => running,
      "GET /api/v1/rollouts/ro_1": () => sampleRollout({ state: "completed" }),
    });
    const args = ["rollout", "create", "acme-agent", "1.1.0", "--all", "--immediate", "--watch"];
    expect(await runMuster(args, { env: server.env })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/State +completed/),
    });
  });
});
