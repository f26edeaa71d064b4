import { problemSchema } from "@muster/protocol/http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createLog } from "../observe/log.ts";
import { startTestApi, type TestApi } from "../testing/test-api.ts";
import { createApp } from "./app.ts";
import { createCookies } from "./session-cookie.ts";

// Real sockets, on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const ROLES = ["administrator", "operator", "viewer"] as const;
const READS = [
  "/api/v1/overview",
  "/api/v1/agents",
  "/api/v1/agents/a1",
  "/api/v1/agents/a1/targets",
  "/api/v1/rollouts",
  "/api/v1/rollouts/r1",
  "/api/v1/rollouts/r1/targets",
  "/api/v1/releases",
  "/api/v1/session",
  "/metrics",
];
const WRITES = [
  "POST /api/v1/agents/a1/revoke",
  "POST /api/v1/agents/a1/forgive",
  "POST /api/v1/tokens",
  "GET /api/v1/tokens",
  "DELETE /api/v1/tokens/k1",
  "POST /api/v1/rollouts",
  "POST /api/v1/rollouts/r1/pause",
  "POST /api/v1/rollouts/r1/resume",
  "POST /api/v1/rollouts/r1/approve",
  "POST /api/v1/rollouts/r1/cancel",
  "POST /api/v1/rollouts/r1/retry",
  "POST /api/v1/releases",
  "POST /api/v1/releases/app/1.0.0/yank",
  "PUT /api/v1/releases/app/1.0.0/artifacts/linux/amd64",
];

const codeOf = async (response: Response) => problemSchema.parse(await response.json()).code;

describe.each(READS)("GET %s", (path) => {
  test.each(ROLES)("is for every role: %s", async (role) => {
    const response = await api.call(path, { token: await api.tokenFor(role) });
    expect(response.status).toBe(200);
  });

  test("is for nobody without credentials", async () => {
    const response = await api.call(path, { token: null });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("Bearer");
    expect(await codeOf(response)).toBe("AUTH_REQUIRED");
  });
});

describe.each(WRITES)("%s", (route) => {
  const [method = "", path = ""] = route.split(" ");

  test("is not for viewers, and says so before it looks at the body", async () => {
    const response = await api.call(path, { method, token: await api.tokenFor("viewer") });
    expect(response.status).toBe(403);
    expect(await codeOf(response)).toBe("AUTH_FORBIDDEN");
  });

  test("is for operators: what is refused then is the body or the object", async () => {
    const response = await api.call(path, { method, token: await api.tokenFor("operator") });
    expect(response.status).not.toBe(401);
    expect(response.status).not.toBe(403);
  });

  test("is for nobody without credentials", async () => {
    expect((await api.call(path, { method, token: null })).status).toBe(401);
  });
});

test("a route that does not say who may use it cannot be made", async () => {
  const app = await createApp({
    tokens: { find: async () => null },
    sessions: { find: async () => null },
    failures: { take: () => null, forgive: () => {} },
    cookie: createCookies(false).session,
    publicUrl: null,
    log: createLog({ quiet: true }),
    https: false,
  });
  expect(() => app.get("/open", async () => "everything")).toThrow(/\/open does not say who may use it/);
  await app.close();
});

describe("credentials", () => {
  test.each([
    "Bearer",
    "Bearer ",
    "Bearer mst_wrong",
    "Basic YTpi",
    "Bearer mst_ a b",
    `Bearer ${"x".repeat(5000)}`,
    "nonsense",
  ])("that are wrong are refused: %j", async (authorization) => {
    const response = await fetch(`${api.url}/api/v1/agents`, { headers: { authorization } });
    expect([401, 429]).toContain(response.status);
  });

  test("that are wrong are not forgiven for a good cookie beside them", async () => {
    const cookie = await signIn();
    const headers = { cookie, authorization: "Bearer mst_wrong" };
    expect((await fetch(`${api.url}/api/v1/agents`, { headers })).status).not.toBe(200);
  });

  test("that are wrong again and again are slowed down, while right ones still work", async () => {
    let last: Response;
    do {
      last = await api.call("/api/v1/agents", { token: "mst_guess" });
    } while (last.status === 401);
    expect(last.status).toBe(429);
    expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await codeOf(last)).toBe("RATE_LIMITED");
    expect((await api.call("/api/v1/agents")).status).toBe(200);
    api.clock.advance(60_000);
    expect((await api.call("/api/v1/agents", { token: "mst_guess" })).status).toBe(401);
  });
});

async function signIn(origin = api.url): Promise<string> {
  const response = await fetch(`${api.url}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json", origin },
    body: JSON.stringify({ token: api.adminToken }),
  });
  expect(response.status).toBe(200);
  return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

describe("a browser", () => {
  test("signs in with a token and gets a cookie that no page can read", async () => {
    const response = await fetch(`${api.url}/api/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: api.url },
      body: JSON.stringify({ token: `  ${api.adminToken}\n` }),
    });
    expect(await response.json()).toMatchObject({ actor: "administrator", role: "administrator" });
    const cookie = response.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(
      /^muster_session=[A-Za-z0-9_-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    );
  });

  test("reads and changes things with the cookie, from its own pages", async () => {
    const cookie = await signIn();
    const read = await fetch(`${api.url}/api/v1/session`, { headers: { cookie } });
    expect(await read.json()).toMatchObject({ actor: "administrator", role: "administrator" });
    const headers = { cookie, origin: api.url };
    expect((await fetch(`${api.url}/api/v1/rollouts/r1/pause`, { method: "POST", headers })).status).toBe(
      200,
    );
  });

  test.each([
    ["another site", "https://evil.example"],
    ["another port", "http://127.0.0.1:1"],
    ["a page of no origin", "null"],
    ["nobody knows where", undefined],
    ["a look-alike", "http://127.0.0.1.evil.example"],
  ])("changes nothing on the word of %s", async (_where, origin) => {
    const cookie = await signIn();
    const headers = { cookie, ...(origin !== undefined && { origin }) };
    for (const [method, path] of [
      ["POST", "/api/v1/rollouts/r1/pause"],
      ["DELETE", "/api/v1/tokens/k1"],
      ["DELETE", "/api/v1/session"],
    ]) {
      const response = await fetch(`${api.url}${path}`, { method: method ?? "", headers });
      expect(await codeOf(response)).toBe("AUTH_ORIGIN_FOREIGN");
    }
    expect((await fetch(`${api.url}/api/v1/agents`, { headers: { cookie } })).status).toBe(200);
  });

  test("is not signed in by another site", async () => {
    const response = await fetch(`${api.url}/api/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: "https://evil.example" },
      body: JSON.stringify({ token: api.adminToken }),
    });
    expect(response.status).toBe(403);
    expect(response.headers.get("set-cookie")).toBeNull();
  });

  test("with a wrong token is not signed in", async () => {
    const response = await fetch(`${api.url}/api/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token: "mst_wrong" }),
    });
    expect(await codeOf(response)).toBe("AUTH_REQUIRED");
    expect(response.headers.get("set-cookie")).toBeNull();
  });

  test("signs out, and the cookie is worth nothing any more", async () => {
    const cookie = await signIn();
    const headers = { cookie, origin: api.url };
    const response = await fetch(`${api.url}/api/v1/session`, { method: "DELETE", headers });
    expect(response.status).toBe(204);
    expect(response.headers.get("set-cookie")).toMatch(/^muster_session=; /);
    expect((await fetch(`${api.url}/api/v1/session`, { headers })).status).toBe(401);
  });

  test("that signs in again leaves no session behind", async () => {
    const first = await signIn();
    await fetch(`${api.url}/api/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: api.url, cookie: first },
      body: JSON.stringify({ token: api.adminToken }),
    });
    expect((await fetch(`${api.url}/api/v1/session`, { headers: { cookie: first } })).status).toBe(401);
  });

  test.each([
    "muster_session=",
    "muster_session=x",
    `muster_session=${"a".repeat(43)}`,
    "other=1",
    ";;;",
    "=",
  ])("with the cookie %j is a stranger", async (cookie) => {
    expect((await fetch(`${api.url}/api/v1/agents`, { headers: { cookie } })).status).toBe(401);
  });
});

describe("behind a proxy with TLS", () => {
  let behind: TestApi;
  beforeAll(async () => {
    behind = await startTestApi({ publicUrl: new URL("https://muster.example") });
  });
  afterAll(() => behind.close());

  const signInFrom = (origin: string) =>
    fetch(`${behind.url}/api/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json", origin },
      body: JSON.stringify({ token: behind.adminToken }),
    });

  test("the pages' own origin is the public one, and the cookie is bound to https", async () => {
    const response = await signInFrom("https://muster.example");
    expect(response.status).toBe(200);
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-muster_session=.*; Secure;/);
    expect(response.headers.get("strict-transport-security")).toContain("max-age");
    expect((await signInFrom("http://muster.example")).status).toBe(403);
  });
});
