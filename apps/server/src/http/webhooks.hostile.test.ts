import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

async function send(method: string, path: string, body?: unknown, token?: string | null) {
  const response = await api.call(path, {
    method,
    ...(token !== undefined && { token }),
    ...(body !== undefined && {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  });
  const text = await response.text();
  return {
    status: response.status,
    answer: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

const HOOK = { url: "https://receiver.example/hook" };

test.each([
  ["POST", "/api/v1/webhooks", HOOK],
  ["GET", "/api/v1/webhooks", undefined],
  ["GET", "/api/v1/webhooks/w1", undefined],
  ["PUT", "/api/v1/webhooks/w1", {}],
  ["DELETE", "/api/v1/webhooks/w1", undefined],
  ["POST", "/api/v1/webhooks/w1/test", undefined],
  ["GET", "/api/v1/webhooks/w1/deliveries", undefined],
  ["POST", "/api/v1/webhooks/w1/redeliver", {}],
] as const)("%s %s is for administrators only", async (method, path, body) => {
  expect((await send(method, path, body, null)).status).toBe(401);
  for (const role of ["viewer", "operator"] as const) {
    expect((await send(method, path, body, await api.tokenFor(role))).status).toBe(403);
  }
});

test.each([
  ["GET", "/api/v1/webhooks/nothing"],
  ["PUT", "/api/v1/webhooks/nothing"],
  ["DELETE", "/api/v1/webhooks/nothing"],
  ["POST", "/api/v1/webhooks/nothing/test"],
  ["GET", "/api/v1/webhooks/nothing/deliveries"],
  ["POST", "/api/v1/webhooks/nothing/redeliver"],
])("%s %s is not there", async (method, path) => {
  const body = method === "PUT" || path.endsWith("redeliver") ? {} : undefined;
  expect(await send(method, path, body)).toMatchObject({
    status: 404,
    answer: { code: "RESOURCE_NOT_FOUND" },
  });
});

describe("what is asked to be sent to", () => {
  test.each([
    "http://receiver.example/",
    "https://127.0.0.1/",
    "https://[::ffff:10.0.0.1]/",
    "https://0x7f000001/",
    "https://localhost.:443@10.0.0.1/",
    "https://169.254.169.254/latest/meta-data",
  ])("%s is refused", async (url) => {
    const { status, answer } = await send("POST", "/api/v1/webhooks", { url });
    expect([status, answer["code"]]).toEqual([400, "WEBHOOK_DESTINATION_FORBIDDEN"]);
  });

  test.each([
    {},
    { url: "" },
    { url: "javascript:alert(1)" },
    { url: `https://a.example/${"x".repeat(3000)}` },
    { ...HOOK, filter: { types: [] } },
    { ...HOOK, filter: { types: ["%'; drop table webhooks"] } },
    { ...HOOK, filter: { severity: "loud" } },
    { ...HOOK, description: "x".repeat(300) },
  ])("%j is not valid", async (body) => {
    expect((await send("POST", "/api/v1/webhooks", body)).answer["code"]).toBe("REQUEST_INVALID");
  });
});

test("the secret is in one answer only, and in no record", async () => {
  const { answer } = await send("POST", "/api/v1/webhooks", HOOK);
  const secret = String(answer["secret"]);
  expect(secret).toMatch(/^whsec_/);
  const id = String(answer["id"]);
  const others = [
    await send("GET", "/api/v1/webhooks"),
    await send("GET", `/api/v1/webhooks/${id}`),
    await send("PUT", `/api/v1/webhooks/${id}`, { description: "again" }),
    api.audited,
    api.log,
  ];
  expect(JSON.stringify(others)).not.toContain(secret.slice(6));
  expect(api.audited.filter(({ action }) => action.startsWith("webhook."))).toMatchObject([
    { action: "webhook.create", resource: { kind: "webhook", id } },
    { action: "webhook.update", resource: { kind: "webhook", id } },
  ]);
});

test("nobody reaches the deliveries of another webhook through his own", async () => {
  const mine = String((await send("POST", "/api/v1/webhooks", HOOK)).answer["id"]);
  const theirs = String((await send("POST", "/api/v1/webhooks", HOOK)).answer["id"]);
  await api.db
    .insertInto("webhook_deliveries")
    .values({
      id: "d1",
      webhook_id: theirs,
      event_id: "e1",
      event_type: "upgrade_started",
      payload: "{}",
      state: "dead",
      attempts: 11,
      first_attempt_at: 1,
      next_attempt_at: null,
      last_status: 500,
      last_error: "x",
      created_at: 1,
      ended_at: 2,
    })
    .execute();
  const path = `/api/v1/webhooks/${mine}/redeliver`;
  expect((await send("POST", path, { delivery: "d1" })).status).toBe(404);
  expect((await send("POST", path, {})).answer).toEqual({ redelivered: 0 });
});
