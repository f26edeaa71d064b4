import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createBrowser } from "../testing/browser.ts";
import {
  CHANGES,
  createPeopleScene,
  everywhere,
  PASSWORD,
  type PeopleScene,
} from "../testing/people-scene.ts";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

// Real sockets, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let api: TestApi;
let scene: PeopleScene;
beforeAll(async () => {
  api = await startTestApi({ publicUrl: new URL("http://muster.example") });
  scene = await createPeopleScene(api);
});
afterAll(() => api.close());

describe("a page of another site", () => {
  test.each(CHANGES)("cannot make a signed-in browser $method $path", async ({ method, path, body }) => {
    const browser = await scene.signedIn("alice");
    for (const wish of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: null },
      { headers: { "sec-fetch-site": "cross-site" } },
      { headers: { "sec-fetch-site": "same-site" } },
      { origin: null, headers: { "sec-fetch-site": "same-origin" } },
    ]) {
      expect((await browser.send(method, path, { body, ...wish })).code).toBe("AUTH_ORIGIN_FOREIGN");
    }
    expect((await browser.send("GET", "/api/v1/session")).status).toBe(200);
  });

  test.each([
    ["/api/v1/session/password", { name: "victor", password: PASSWORD }],
    ["/api/v1/session/passkey", { challenge: "x" }],
    ["/api/v1/session/passkey/options", undefined],
    ["/api/v1/setup", { token: "x", name: "eve", password: PASSWORD }],
  ])("cannot sign a browser in as somebody else at %s", async (path, body) => {
    const browser = createBrowser(api);
    const answers = [
      await browser.send("POST", path, { body, origin: "https://evil.example" }),
      await browser.send("POST", path, { body, headers: { "sec-fetch-site": "cross-site" } }),
    ];
    for (const { code, headers } of answers) {
      expect(["AUTH_ORIGIN_FOREIGN", "REQUEST_INVALID"]).toContain(code);
      expect(headers.get("set-cookie")).toBeNull();
    }
  });

  test("reads nothing: no answer allows another origin", async () => {
    const browser = await scene.signedIn("alice");
    const { headers } = await browser.send("GET", "/api/v1/users", { origin: "https://evil.example" });
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  });
});

describe("a planted session", () => {
  test("is not taken over by who signs in: the secret is always a new one", async () => {
    const planted = "A".repeat(43);
    const browser = createBrowser(api);
    browser.cookies.set("muster_session", planted);
    await browser.signIn("alice", PASSWORD);
    expect(browser.cookies.get("muster_session")).not.toBe(planted);
    const attacker = createBrowser(api);
    attacker.cookies.set("muster_session", planted);
    expect((await attacker.send("GET", "/api/v1/session")).code).toBe("AUTH_REQUIRED");
  });

  test("of the attacker's own ends when the victim signs in over it", async () => {
    const attacker = await scene.signedIn("victor");
    const victim = createBrowser(api);
    victim.cookies.set("muster_session", attacker.cookies.get("muster_session") ?? "");
    expect((await victim.signIn("alice", PASSWORD)).body["actor"]).toBe("alice");
    expect((await attacker.send("GET", "/api/v1/session")).code).toBe("AUTH_REQUIRED");
  });
});

describe("a stolen secret", () => {
  test("of a session is worth nothing after signing out, or once it is revoked from elsewhere", async () => {
    const victim = await scene.signedIn("alice");
    const thief = createBrowser(api);
    thief.cookies.set("muster_session", victim.cookies.get("muster_session") ?? "");
    expect((await thief.send("GET", "/api/v1/session")).status).toBe(200);
    await victim.send("DELETE", "/api/v1/session");
    expect((await thief.send("GET", "/api/v1/session")).code).toBe("AUTH_REQUIRED");

    const again = await scene.bearerOf("alice");
    const { items } = (await scene.json("/api/v1/sessions", "GET", undefined, again)).body as {
      items: { id: string; current: boolean }[];
    };
    const current = items.find((item) => item.current);
    expect((await scene.json(`/api/v1/sessions/${current?.id}`, "DELETE", undefined)).status).toBe(204);
    expect((await scene.json("/api/v1/session", "GET", undefined, again)).code).toBe("AUTH_REQUIRED");
  });

  test("travels only the way it was given: a cookie's is no bearer's, and the other way round", async () => {
    const browser = await scene.signedIn("alice");
    const cookie = browser.cookies.get("muster_session") ?? "";
    expect((await scene.json("/api/v1/session", "GET", undefined, cookie)).code).toBe("AUTH_REQUIRED");
    const secret = await scene.bearerOf("alice");
    expect(secret).toMatch(/^mss_/);
    const other = createBrowser(api);
    for (const value of [secret, secret.slice(4)]) {
      other.cookies.set("muster_session", value);
      expect((await other.send("GET", "/api/v1/session")).code).toBe("AUTH_REQUIRED");
    }
  });

  test("of an API token is worth nothing once it is revoked or has expired", async () => {
    const wish = { name: "ci", grants: [everywhere("viewer")], expiresInMs: 60_000 };
    const made = (await scene.json("/api/v1/api-tokens", "POST", wish)).body as { id: string; token: string };
    expect((await scene.json("/api/v1/agents", "GET", undefined, made.token)).status).toBe(200);
    api.clock.advance(60_000);
    expect((await scene.json("/api/v1/agents", "GET", undefined, made.token)).code).toBe("AUTH_REQUIRED");
    const next = (await scene.json("/api/v1/api-tokens", "POST", wish)).body as { id: string; token: string };
    await scene.json(`/api/v1/api-tokens/${next.id}`, "DELETE", undefined);
    expect((await scene.json("/api/v1/agents", "GET", undefined, next.token)).code).toBe("AUTH_REQUIRED");
  });

  test("of a program changes nobody's way of signing in", async () => {
    const wish = { name: "ci", grants: [everywhere("administrator")] };
    const made = await scene.json("/api/v1/api-tokens", "POST", wish, await scene.bearerOf("alice"));
    const token = String(made.body["token"]);
    for (const { method, path, body } of CHANGES.filter((change) => change.path.startsWith("/api/v1/me/"))) {
      expect((await scene.json(path, method, body, token)).code).toBe("AUTH_USER_REQUIRED");
    }
    expect((await scene.json("/api/v1/me", "GET", undefined, token)).code).toBe("AUTH_USER_REQUIRED");
  });
});
