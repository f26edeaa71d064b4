import { MusterError } from "@muster/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createLog } from "../observe/log.ts";
import { sampleRollout } from "../testing/sample-views.ts";
import { startTestApi, type TestApi } from "../testing/test-api.ts";
import { createApp } from "./app.ts";
import { auditRequests } from "./auditing.ts";

let api: TestApi;

beforeEach(async () => {
  api = await startTestApi({
    rollouts: {
      act: async (id, verb) => {
        if (verb === "cancel") throw new MusterError("ROLLOUT_TRANSITION_INVALID", { state: "completed" });
        return sampleRollout(id);
      },
    },
  });
});
afterEach(() => api.close());

const ROLLOUT = JSON.stringify({
  product: "app",
  version: "2.0.0",
  cohort: { kind: "all" },
  strategy: { kind: "immediate" },
});
const JSON_TYPE = { "content-type": "application/json" };

/** A request for each of the first actions of the log, and what is to be found there. */
const DEEDS: readonly (readonly [string, string, string, string | undefined, string | null])[] = [
  ["rollout.create", "POST", "/api/v1/rollouts", ROLLOUT, null],
  ["rollout.pause", "POST", "/api/v1/rollouts/r1/pause", undefined, "rollout/r1"],
  ["rollout.resume", "POST", "/api/v1/rollouts/r1/resume", undefined, "rollout/r1"],
  ["rollout.approve", "POST", "/api/v1/rollouts/r1/approve", undefined, "rollout/r1"],
  ["rollout.retry", "POST", "/api/v1/rollouts/r1/retry", undefined, "rollout/r1"],
  ["agent.revoke", "POST", "/api/v1/agents/a1/revoke", undefined, "agent/a1"],
  ["token.create", "POST", "/api/v1/tokens", "{}", null],
  ["token.revoke", "DELETE", "/api/v1/tokens/k1", undefined, "token/k1"],
];

test.each(DEEDS)(
  "%s is recorded with who, when and from where: %s %s",
  async (action, method, path, body, on) => {
    const headers = { ...(body !== undefined && JSON_TYPE), "user-agent": "test/1" };
    const response = await api.call(path, { method, headers, ...(body !== undefined && { body }) });
    expect(response.status).toBeLessThan(300);
    const found = api.audited.find((entry) => entry.action === action);
    expect(found).toMatchObject({
      actor: { kind: "token", name: "administrator" },
      from: { address: "127.0.0.1", userAgent: "test/1", credential: "token:administrator" },
    });
    expect(found?.resource && `${found.resource.kind}/${found.resource.id}`).toBe(on);
  },
);

test("what reads or is refused leaves no record of a deed", async () => {
  await api.call("/api/v1/rollouts");
  await api.call("/api/v1/rollouts/preview", { method: "POST", headers: JSON_TYPE, body: ROLLOUT });
  expect((await api.call("/api/v1/rollouts/r1/cancel", { method: "POST" })).status).toBe(409);
  expect((await api.call("/api/v1/agents/nobody/revoke", { method: "POST" })).status).toBe(404);
  expect(api.audited.filter(({ action }) => /^(rollout|agent)\./.test(action))).toEqual([]);
});

test("a deed that cannot be recorded is not answered as done", async () => {
  await api.db.destroy();
  const response = await api.call("/api/v1/rollouts/r1/pause", { method: "POST" });
  expect(response.status).toBeGreaterThanOrEqual(500);
});

const refused = () => api.audited.filter(({ action }) => action === "access.refused");

describe("a refusal", () => {
  test("of a wrong token is recorded, and one without credentials is nothing to record", async () => {
    await api.call("/api/v1/agents", { token: "mst_stolen" });
    await api.call("/api/v1/agents", { token: null });
    expect(refused()).toMatchObject([
      { actor: { kind: "anonymous" }, details: { code: "AUTH_REQUIRED", path: "/api/v1/agents" } },
    ]);
    expect(JSON.stringify(refused())).not.toContain("mst_stolen");
  });

  test("of a role that is not enough is recorded with who tried what", async () => {
    const token = await api.tokenFor("viewer");
    await api.call("/api/v1/agents/a1/revoke", { method: "POST", token });
    expect(refused()).toMatchObject([
      {
        actor: { kind: "token", name: "administrator/viewer" },
        details: { code: "AUTH_FORBIDDEN", verb: "agents.revoke", method: "POST" },
      },
    ]);
  });

  test("is recorded a few times only, and then with how many were left out", async () => {
    const token = await api.tokenFor("viewer");
    const attempt = () => api.call("/api/v1/agents/a1/revoke", { method: "POST", token });
    for (let count = 0; count < 40; count += 1) await attempt();
    const before = refused().length;
    expect(before).toBeLessThan(30);
    api.clock.advance(60_000);
    await attempt();
    expect(refused()).toHaveLength(before + 1);
    expect(refused().at(-1)?.details?.["unrecorded"]).toBeGreaterThan(0);
  });
});

test("a route that changes something and does not say what it records cannot be made", async () => {
  const app = await createApp({
    tokens: api.people.apiTokens,
    sessions: api.people.sessions,
    failures: { take: () => null, forgive: () => {} },
    cookie: { read: () => null, write: () => {}, clear: () => {} },
    publicUrl: null,
    log: createLog({ quiet: true }),
    https: false,
  });
  auditRequests(app, { audit: api.records.audit, refusals: { take: () => 0 } });
  const add = (method: "GET" | "POST") =>
    app.route({ method, url: `/${method}`, config: { access: "public" }, handler: async () => ({}) });
  expect(() => add("GET")).not.toThrow();
  expect(() => add("POST")).toThrow("does not say what it records");
});

describe("the API of the audit log", () => {
  let shared: TestApi;
  beforeAll(async () => {
    shared = await startTestApi();
    const { audit } = shared.records;
    const from = { address: "192.0.2.1", userAgent: "=cmd()", credential: null };
    const actor = { kind: "user", name: "@eve", id: "u1" } as const;
    const resource = { kind: "rollout", id: 'r"1' };
    await audit.record({ actor, action: "rollout.pause", resource, details: { why: "-1+1,\n" }, from });
    await audit.record({ actor, action: "token.create", resource: null, from });
  });
  afterAll(() => shared.close());

  test.each([
    "/api/v1/audit",
    "/api/v1/audit/head",
    "/api/v1/audit/verify",
    "/api/v1/audit/export",
    "/api/v1/webhooks",
  ])("%s is for administrators", async (path) => {
    for (const role of ["viewer", "operator"] as const) {
      expect((await shared.call(path, { token: await shared.tokenFor(role) })).status).toBe(403);
    }
    const response = await shared.call(path);
    await response.arrayBuffer();
    expect(response.status).toBe(200);
  });

  test("lists by filter", async () => {
    const response = await shared.call("/api/v1/audit?action=rollout.*&actor=@eve&resource=rollout/r%221");
    expect(await response.json()).toMatchObject({
      total: 1,
      items: [{ sequence: 1, action: "rollout.pause" }],
    });
  });

  test.each(["limit=0", "cursor=x", "since=-1", "expect=x", "format=xml", "action="])(
    "refuses %s",
    async (query) => {
      const path = query.startsWith("expect") ? "verify" : query.startsWith("format") ? "export" : "";
      expect((await shared.call(`/api/v1/audit/${path}?${query}`.replace("/?", "?"))).status).toBe(400);
    },
  );

  test("exports CSV in which no spreadsheet finds a formula", async () => {
    const response = await shared.call("/api/v1/audit/export?format=csv&actor=@eve");
    expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(response.headers.get("content-disposition")).toContain("attachment");
    const [head, first] = (await response.text()).split("\r\n");
    expect(head).toMatch(/^sequence,time,actorKind,actor,/);
    expect(first).toContain(',\'@eve,u1,rollout.pause,rollout,"r""1",192.0.2.1,\'=cmd(),');
    expect(first).not.toMatch(/(^|,)[=@+-]/);
  });

  test("exports lines of JSON that hold all that the hashes are made of, and records the export", async () => {
    const text = await (await shared.call("/api/v1/audit/export")).text();
    const records = text
      .trim()
      .split("\n")
      .map(
        (line) =>
          JSON.parse(line) as { sequence: number; action: string; previousHash: string; hash: string },
      );
    for (const [index, { sequence, previousHash }] of records.entries()) {
      expect(sequence).toBe(index + 1);
      expect(previousHash).toBe(records[index - 1]?.hash ?? "0".repeat(64));
    }
    const list = await (await shared.call("/api/v1/audit?action=audit.export")).json();
    expect(list).toMatchObject({ total: records.filter(({ action }) => action === "audit.export").length });
  });

  test("verifies, also against a head that was noted", async () => {
    const head = (await (await shared.call("/api/v1/audit/head")).json()) as {
      sequence: number;
      hash: string;
    };
    const verify = async (expected: string) =>
      (await shared.call(`/api/v1/audit/verify?expect=${expected}`)).json();
    expect(await verify(`${head.sequence}:${head.hash}`)).toMatchObject({ kind: "intact", anchor: "met" });
    expect(await verify(`1:${"0".repeat(64)}`)).toMatchObject({ kind: "broken", sequence: 1 });
  });
});
