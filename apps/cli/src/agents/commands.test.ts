import { describe, expect, test } from "vitest";
import { pageOf, stubApi } from "../testing/stub-api.ts";
import { runMuster } from "../testing/test-terminal.ts";
import { sampleAgent, sampleTarget } from "../testing/views.ts";

describe("muster agents", () => {
  test("lists agents as a table, or as the API gives them", async () => {
    const page = pageOf([
      sampleAgent(),
      sampleAgent({ id: "ag_2", hostname: "db\u001b[2J-1", online: false }),
    ]);
    await using api = await stubApi({ "GET /api/v1/agents": () => page });
    const human = await runMuster(["agents"], { env: api.env });
    expect(human).toMatchObject({ code: 0, stderr: "" });
    expect(human.stdout).toMatch(/^ID +HOSTNAME +PRODUCT/);
    expect(human.stdout).toMatch(/ag_2 +db-1 .* offline/);
    const json = await runMuster(["agents", "list", "--json"], { env: api.env });
    expect(JSON.parse(json.stdout)).toEqual(page);
    expect(api.requests[0]?.token).toBe("secret");
  });

  test("passes its filters on", async () => {
    await using api = await stubApi({ "GET /api/v1/agents": () => pageOf([]) });
    const filters = [
      "--filter",
      "version:<2.6 -tag:canary",
      "--labels",
      "env=production",
      "--version",
      "1.0.0",
      "--state",
      "failed",
      "--online",
      "--search",
      "web",
    ];
    await runMuster(["agents", ...filters], { env: api.env });
    expect(api.requests[0]?.query).toEqual({
      filter: "version:<2.6 -tag:canary",
      labels: "env=production",
      version: "1.0.0",
      state: "failed",
      online: "true",
      search: "web",
      limit: "100",
    });
    expect(await runMuster(["agents", "--online", "--offline"], { env: api.env })).toMatchObject({ code: 2 });
  });

  test("reads as many pages as asked for, and says when there are more", async () => {
    const all = Array.from({ length: 1200 }, (_, index) => sampleAgent({ id: `ag_${index}` }));
    await using api = await stubApi({
      "GET /api/v1/agents": ({ query: { cursor = "0", limit } }) => {
        const end = Number(cursor) + Number(limit);
        return {
          items: all.slice(Number(cursor), end),
          nextCursor: end < 1200 ? String(end) : null,
          total: 1200,
        };
      },
    });
    const some = await runMuster(["agents", "--limit", "600"], { env: api.env });
    expect(some.stdout.trimEnd().split("\n")).toHaveLength(601);
    expect(some.stderr).toBe("600 of 1200 are shown; see --limit.\n");
    const everyone = await runMuster(["agents", "--limit", "0", "--json"], { env: api.env });
    expect(JSON.parse(everyone.stdout).items).toHaveLength(1200);
    expect(api.requests.map(({ query }) => query["limit"])).toEqual(["500", "100", "500", "500", "500"]);
  });

  test("shows one with its history and what its last failed version printed", async () => {
    const failed = sampleTarget({
      state: "rolled_back",
      code: "PROBATION_CRASHED",
      message: "ended 3 times",
      outputTail: "fatal: \u001b[31mno licence\n",
    });
    const target = {
      id: "ta_2",
      rolloutId: "ro_2",
      version: "1.2.0",
      state: "pending",
      reason: "clock_skew",
    };
    await using api = await stubApi({
      "GET /api/v1/agents/ag_1": () => sampleAgent({ target }),
      "GET /api/v1/agents/ag_1/targets": () => pageOf([failed]),
      "GET /api/v1/agents/ag_1/desired": () => ({
        groupId: "grp_1",
        group: "edge",
        version: "1.2.0",
        phase: "following",
        drift: "offline",
        why: "it is not connected",
      }),
    });
    const { stdout } = await runMuster(["agents", "show", "ag_1"], { env: api.env });
    expect(stdout).toMatch(/Update +1\.2\.0 pending in ro_2\nWhy +the host's clock is too far off/);
    expect(stdout).toMatch(/Desired +1\.2\.0 by edge, not there: it is not connected\n/);
    expect(stdout).toMatch(/rolled_back +- +PROBATION_CRASHED: ended 3 times/);
    expect(stdout).toContain("What 1.1.0 printed last\n  fatal: no licence\n");
  });

  test("an agent that is not there exits with 3", async () => {
    await using api = await stubApi({
      "GET /api/v1/agents/nobody": () => "AGENT_NOT_FOUND",
      "GET /api/v1/agents/nobody/targets": () => "AGENT_NOT_FOUND",
      "GET /api/v1/agents/nobody/desired": () => "AGENT_NOT_FOUND",
    });
    const result = await runMuster(["agents", "show", "nobody"], { env: api.env });
    expect(result).toMatchObject({
      code: 3,
      stdout: "",
      stderr: expect.stringContaining("error AGENT_NOT_FOUND"),
    });
  });

  test("revokes one after the id was typed, and not after anything else", async () => {
    await using api = await stubApi({
      "POST /api/v1/agents/ag_1/revoke": () => sampleAgent({ revoked: true }),
    });
    const revoke = (answer: string) =>
      runMuster(["agents", "revoke", "ag_1"], { env: api.env, isTTY: true, answers: [answer] });
    expect(await revoke("yes")).toMatchObject({ code: 2 });
    expect(api.requests).toHaveLength(0);
    expect(await revoke("ag_1")).toMatchObject({ code: 0 });
  });

  test("labels those who match, once their number was typed", async () => {
    const labelled = { matched: 12, changed: 3 };
    await using api = await stubApi({ "POST /api/v1/agents/labels": () => labelled });
    const args = ["agents", "label", "ring=1", "old-", "--filter", "env=test"];
    const refused = await runMuster(args, { env: api.env, isTTY: true, answers: ["3"] });
    expect(refused).toMatchObject({ code: 2 });
    const done = await runMuster(args, { env: api.env, isTTY: true, answers: ["12"] });
    expect(done).toMatchObject({ code: 0, stdout: "3 of 12 agents got other labels.\n" });
    expect(JSON.parse(api.requests.at(-1)?.body.toString() ?? "")).toEqual({
      selection: { kind: "filter", filter: "env=test", expected: 12 },
      set: { ring: "1" },
      remove: ["old"],
      dryRun: false,
    });
    expect(api.requests).toHaveLength(3);
    expect(await runMuster(["agents", "label", "ring=1"], { env: api.env })).toMatchObject({ code: 2 });
  });
});
