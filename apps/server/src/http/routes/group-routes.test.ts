import {
  agentDesiredSchema,
  agentPageSchema,
  agentSchema,
  createClient,
  desiredSchema,
  groupPageSchema,
  groupSchema,
  groupStatusSchema,
  labelledSchema,
  problemSchema,
  rulePreviewSchema,
} from "@muster/protocol/http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { z } from "zod";
import { startTestApi, type TestApi } from "../../testing/test-api.ts";

// Real sockets, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const PLAN = { strategy: { kind: "immediate" } };
const DESIRED = { track: { kind: "channel", channel: "stable" }, plan: PLAN };
const LABELS = { selection: { kind: "filter", filter: "env=test" }, set: { ring: "1" } };
const LONG = "x".repeat(70_000);

async function send(method: string, path: string, body?: unknown, token?: string) {
  const headers = { ...(body !== undefined && { "content-type": "application/json" }) };
  const content = body !== undefined && { body: JSON.stringify(body) };
  return api.call(path, { method, headers, ...content, ...(token !== undefined && { token }) });
}

type Answer = readonly [method: string, path: string, schema: z.ZodType, body?: unknown];

const READS: readonly Answer[] = [
  ["GET", "/api/v1/groups?limit=5", groupPageSchema],
  ["GET", "/api/v1/groups/edge", groupSchema],
  ["GET", "/api/v1/groups/grp_1/status", groupStatusSchema],
  ["GET", "/api/v1/agents/a1/desired", agentDesiredSchema],
  ["GET", "/api/v1/agents?filter=version%3A%3C2.6%20-tag%3Acanary", agentPageSchema],
  ["POST", "/api/v1/groups/preview", rulePreviewSchema, { rule: "env=test", group: "edge" }],
];
const CHANGES: readonly Answer[] = [
  ["POST", "/api/v1/groups", groupSchema, { name: "edge", rule: "env=test" }],
  ["PUT", "/api/v1/groups/edge", groupSchema, { priority: 4, rule: null }],
  ["POST", "/api/v1/groups/edge/members", groupSchema, { add: ["a1"], remove: [] }],
  ["PUT", "/api/v1/groups/edge/desired/app", desiredSchema, DESIRED],
  ["POST", "/api/v1/groups/edge/desired/app/clear", desiredSchema],
  ["PUT", "/api/v1/agents/a1/labels", agentSchema, { labels: { ring: "1" } }],
  ["POST", "/api/v1/agents/labels", labelledSchema, LABELS],
];
const name = ([method, path]: Answer) => `${method} ${path}`;

describe("groups, labels and desired states", () => {
  test.each([...READS, ...CHANGES].map((answer) => ({ answer, name: name(answer) })))(
    "$name answers in the form of its schema",
    async ({ answer: [method, path, schema, body] }) => {
      const response = await send(method, path, body);
      expect(response.status).toBe(200);
      const value: unknown = await response.json();
      expect(schema.parse(value)).toEqual(value);
    },
  );

  test("are removed without a word", async () => {
    for (const path of ["/api/v1/groups/edge", "/api/v1/groups/edge/desired/app"]) {
      const response = await send("DELETE", path);
      expect({ path, status: response.status, body: await response.text() }).toEqual({
        path,
        status: 204,
        body: "",
      });
    }
  });

  test.each(CHANGES.map((answer) => ({ answer, name: name(answer) })))(
    "a viewer is refused: $name",
    async ({ answer: [method, path, , body] }) => {
      const response = await send(method, path, body, await api.tokenFor("viewer"));
      expect(response.status).toBe(403);
      expect(problemSchema.parse(await response.json()).code).toBe("AUTH_FORBIDDEN");
    },
  );

  test("what is not there is not found, by the client too", async () => {
    const client = createClient({ server: api.url, token: api.adminToken });
    await expect(client.groups.get("nobody")).rejects.toMatchObject({ code: "GROUP_NOT_FOUND" });
    await expect(client.groups.status("nobody")).rejects.toMatchObject({ code: "GROUP_NOT_FOUND" });
    await expect(client.agents.desired("nobody")).rejects.toMatchObject({ code: "AGENT_NOT_FOUND" });
    expect((await client.groups.list()).items).toHaveLength(1);
    expect(await client.agents.label({ ...LABELS, selection: { kind: "agents", ids: ["a1"] } })).toEqual({
      matched: 1,
      changed: 1,
    });
  });
});

const HOSTILE: readonly (readonly [
  method: string,
  path: string,
  body: object,
  field: string,
  values: readonly unknown[],
])[] = [
  [
    "POST",
    "/api/v1/groups",
    { name: "edge" },
    "name",
    [undefined, null, 1, "", "Edge", "../edge", "a b", LONG],
  ],
  ["POST", "/api/v1/groups", { name: "edge" }, "rule", [1, [], {}, LONG]],
  ["POST", "/api/v1/groups", { name: "edge" }, "priority", ["1", 1.5, 1001, null]],
  ["POST", "/api/v1/groups", { name: "edge" }, "surprise", [1]],
  ["PUT", "/api/v1/groups/edge", {}, "revision", ["1", 1.5, null]],
  ["POST", "/api/v1/groups/edge/members", {}, "add", [null, "a1", [1], ["../a1"], [""]]],
  ["POST", "/api/v1/groups/preview", { rule: "" }, "rule", [undefined, null, 1, LONG]],
  [
    "PUT",
    "/api/v1/agents/a1/labels",
    { labels: {} },
    "labels",
    [undefined, null, [], "a=b", { a: 1 }, { a: LONG }],
  ],
  [
    "POST",
    "/api/v1/agents/labels",
    LABELS,
    "selection",
    [
      undefined,
      null,
      {},
      { kind: "all" },
      { kind: "agents", ids: [] },
      { kind: "filter" },
      { kind: "filter", filter: LONG },
    ],
  ],
  [
    "PUT",
    "/api/v1/groups/edge/desired/app",
    DESIRED,
    "track",
    [
      undefined,
      null,
      {},
      { kind: "newest" },
      { kind: "channel", channel: "No Name" },
      { kind: "version", version: "1" },
    ],
  ],
  [
    "PUT",
    "/api/v1/groups/edge/desired/app",
    DESIRED,
    "plan",
    [
      undefined,
      null,
      {},
      { ...PLAN, cohort: { kind: "all" } },
      { ...PLAN, followUp: { everyMs: 0 } },
      { ...PLAN, priority: "emergency" },
    ],
  ],
];

describe.each(HOSTILE)("%s %s %j", (method, path, body, field, values) => {
  test(`refuses wrong ${field}, and names it`, async () => {
    for (const value of values) {
      const response = await send(method, path, { ...body, [field]: value });
      const problem = problemSchema.parse(await response.json());
      expect({ value, status: response.status, code: problem.code }).toEqual({
        value,
        status: 400,
        code: "REQUEST_INVALID",
      });
      expect(String(problem.details["field"])).toMatch(new RegExp(`^${field}\\b`));
    }
  });
});

test("a group's name in the address is a name, and nothing else", async () => {
  for (const path of ["..%2f..%2fetc", "%00", "a%20b", "x".repeat(70)]) {
    const response = await send("GET", `/api/v1/groups/${path}`);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
  }
});
