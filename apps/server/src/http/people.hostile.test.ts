import type { GrantView } from "@muster/protocol/http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createBrowser } from "../testing/browser.ts";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

// Real sockets, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const PASSWORD = "four words nobody says";
/** One address may not sign in without end. */
const BETWEEN_SIGN_INS_MS = 1000;
const everywhere = (role: GrantView["role"]): GrantView => ({ role, groupId: null });
const inGroup = (role: GrantView["role"], groupId: string): GrantView => ({ role, groupId });

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ logsEverything: true, publicUrl: new URL("http://muster.example") });
  await makeUser("alice", everywhere("administrator"));
  await makeUser("olivia", everywhere("operator"));
  await makeUser("victor", everywhere("viewer"));
  await makeUser("greta", inGroup("administrator", "grp_a"));
  await makeUser("nobody");
});
afterAll(() => api.close());

async function json(path: string, method: string, body: unknown, token = api.adminToken) {
  const init = { method, token, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const response = await api.call(path, {
    ...init,
    headers: body === undefined ? {} : { "content-type": "application/json" },
  });
  const text = await response.text();
  const answer = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { status: response.status, body: answer, code: answer["code"] };
}

async function makeUser(name: string, ...grants: GrantView[]) {
  expect((await json("/api/v1/users", "POST", { name, password: PASSWORD, grants })).status).toBe(200);
}

/** The secret of a new session, for programs. */
async function bearerOf(name: string): Promise<string> {
  api.clock.advance(BETWEEN_SIGN_INS_MS);
  const { body } = await createBrowser(api).signIn(name, PASSWORD, { carrier: "bearer" });
  return String(body["secret"]);
}

async function signedIn(name: string) {
  api.clock.advance(BETWEEN_SIGN_INS_MS);
  const browser = createBrowser(api);
  expect(await browser.signIn(name, PASSWORD)).toMatchObject({
    status: 200,
    body: { actor: name, secret: null },
  });
  return browser;
}

interface Change {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** Every route that changes something about people, with a body that would do. */
const CHANGES: readonly Change[] = [
  { method: "POST", path: "/api/v1/users", body: { name: "eve" } },
  { method: "POST", path: "/api/v1/users/alice/grant", body: everywhere("administrator") },
  { method: "POST", path: "/api/v1/users/alice/revoke", body: { groupId: null } },
  { method: "POST", path: "/api/v1/users/alice/disable" },
  { method: "POST", path: "/api/v1/users/alice/enable" },
  { method: "POST", path: "/api/v1/users/alice/reset-password", body: {} },
  { method: "POST", path: "/api/v1/api-tokens", body: { name: "x", grants: [everywhere("viewer")] } },
  { method: "DELETE", path: "/api/v1/api-tokens/administrator" },
  { method: "DELETE", path: "/api/v1/sessions/ses_x" },
  { method: "DELETE", path: "/api/v1/session" },
  {
    method: "POST",
    path: "/api/v1/me/password",
    body: { currentPassword: PASSWORD, newPassword: "some other words" },
  },
  { method: "POST", path: "/api/v1/me/totp" },
  { method: "POST", path: "/api/v1/me/totp/confirm", body: { code: "000000" } },
  { method: "DELETE", path: "/api/v1/me/totp" },
  { method: "POST", path: "/api/v1/me/recovery-codes" },
  { method: "POST", path: "/api/v1/me/passkeys/options" },
  { method: "DELETE", path: "/api/v1/me/passkeys/x" },
];

describe("a page of another site", () => {
  test.each(CHANGES)("cannot make a signed-in browser $method $path", async ({ method, path, body }) => {
    const browser = await signedIn("alice");
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
    const browser = await signedIn("alice");
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
    const attacker = await signedIn("victor");
    const victim = createBrowser(api);
    victim.cookies.set("muster_session", attacker.cookies.get("muster_session") ?? "");
    expect((await victim.signIn("alice", PASSWORD)).body["actor"]).toBe("alice");
    expect((await attacker.send("GET", "/api/v1/session")).code).toBe("AUTH_REQUIRED");
  });
});

describe("a stolen secret", () => {
  test("of a session is worth nothing after signing out, or once it is revoked from elsewhere", async () => {
    const victim = await signedIn("alice");
    const thief = createBrowser(api);
    thief.cookies.set("muster_session", victim.cookies.get("muster_session") ?? "");
    expect((await thief.send("GET", "/api/v1/session")).status).toBe(200);
    await victim.send("DELETE", "/api/v1/session");
    expect((await thief.send("GET", "/api/v1/session")).code).toBe("AUTH_REQUIRED");

    const again = await bearerOf("alice");
    const { items } = (await json("/api/v1/sessions", "GET", undefined, again)).body as {
      items: { id: string; current: boolean }[];
    };
    const current = items.find((item) => item.current);
    expect((await json(`/api/v1/sessions/${current?.id}`, "DELETE", undefined)).status).toBe(204);
    expect((await json("/api/v1/session", "GET", undefined, again)).code).toBe("AUTH_REQUIRED");
  });

  test("travels only the way it was given: a cookie's is no bearer's, and the other way round", async () => {
    const browser = await signedIn("alice");
    const cookie = browser.cookies.get("muster_session") ?? "";
    expect((await json("/api/v1/session", "GET", undefined, cookie)).code).toBe("AUTH_REQUIRED");
    const secret = await bearerOf("alice");
    expect(secret).toMatch(/^mss_/);
    const other = createBrowser(api);
    for (const value of [secret, secret.slice(4)]) {
      other.cookies.set("muster_session", value);
      expect((await other.send("GET", "/api/v1/session")).code).toBe("AUTH_REQUIRED");
    }
  });

  test("of an API token is worth nothing once it is revoked or has expired", async () => {
    const wish = { name: "ci", grants: [everywhere("viewer")], expiresInMs: 60_000 };
    const made = (await json("/api/v1/api-tokens", "POST", wish)).body as { id: string; token: string };
    expect((await json("/api/v1/agents", "GET", undefined, made.token)).status).toBe(200);
    api.clock.advance(60_000);
    expect((await json("/api/v1/agents", "GET", undefined, made.token)).code).toBe("AUTH_REQUIRED");
    const next = (await json("/api/v1/api-tokens", "POST", wish)).body as { id: string; token: string };
    await json(`/api/v1/api-tokens/${next.id}`, "DELETE", undefined);
    expect((await json("/api/v1/agents", "GET", undefined, next.token)).code).toBe("AUTH_REQUIRED");
  });

  test("of a program changes nobody's way of signing in", async () => {
    const wish = { name: "ci", grants: [everywhere("administrator")] };
    const made = await json("/api/v1/api-tokens", "POST", wish, await bearerOf("alice"));
    const token = String(made.body["token"]);
    for (const { method, path, body } of CHANGES.filter((change) => change.path.startsWith("/api/v1/me/"))) {
      expect((await json(path, method, body, token)).code).toBe("AUTH_USER_REQUIRED");
    }
    expect((await json("/api/v1/me", "GET", undefined, token)).code).toBe("AUTH_USER_REQUIRED");
  });
});

describe("a wrong role", () => {
  const FOR_ADMINISTRATORS: readonly Change[] = [
    ...CHANGES.filter(({ path }) => path.startsWith("/api/v1/users")),
    { method: "GET", path: "/api/v1/users" },
    { method: "GET", path: "/api/v1/users/alice" },
    { method: "GET", path: "/api/v1/sessions?all=true" },
    { method: "GET", path: "/api/v1/sessions?user=alice" },
    { method: "GET", path: "/api/v1/api-tokens?all=true" },
    { method: "GET", path: "/api/v1/api-tokens?user=nobody-of-this-name" },
  ];

  test.each(FOR_ADMINISTRATORS)("is refused at $method $path", async ({ method, path, body }) => {
    for (const name of ["olivia", "victor", "nobody"]) {
      const { status, code } = await json(path, method, body, await bearerOf(name));
      expect([status, code]).toEqual([403, "AUTH_FORBIDDEN"]);
    }
  });

  test("finds others' sessions and tokens not there", async () => {
    const { items } = (await json("/api/v1/sessions", "GET", undefined, await bearerOf("alice"))).body as {
      items: { id: string }[];
    };
    const victor = await bearerOf("victor");
    const own = await json(`/api/v1/sessions/${items[0]?.id}`, "DELETE", undefined, victor);
    expect(own.code).toBe("RESOURCE_NOT_FOUND");
    const token = await json("/api/v1/api-tokens/administrator", "DELETE", undefined, victor);
    expect(token.code).toBe("RESOURCE_NOT_FOUND");
    const viewer = await api.tokenFor("viewer");
    const bare = await json("/api/v1/api-tokens/administrator", "DELETE", undefined, viewer);
    expect(bare.code).toBe("RESOURCE_NOT_FOUND");
    expect((await json("/api/v1/api-tokens", "GET", undefined, viewer)).body["total"]).toBe(1);
  });

  test("makes no token that is more than itself", async () => {
    for (const grants of [[everywhere("operator")], [everywhere("viewer"), inGroup("operator", "grp_a")]]) {
      const made = await json("/api/v1/api-tokens", "POST", { name: "x", grants }, await bearerOf("victor"));
      expect(made.code).toBe("AUTH_FORBIDDEN");
    }
  });

  test("none at all still knows who it is, and can leave", async () => {
    const browser = await signedIn("nobody");
    expect((await browser.send("GET", "/api/v1/agents")).code).toBe("AUTH_FORBIDDEN");
    expect((await browser.send("GET", "/api/v1/session")).body).toMatchObject({ role: null, grants: [] });
    expect((await browser.send("DELETE", "/api/v1/session")).status).toBe(204);
  });
});

describe("a wrong group", () => {
  test("is refused to who administers another one", async () => {
    const greta = await bearerOf("greta");
    const grant = (body: GrantView) => json("/api/v1/users/victor/grant", "POST", body, greta);
    expect((await grant(inGroup("operator", "grp_a"))).status).toBe(200);
    for (const wrong of [inGroup("viewer", "grp_b"), everywhere("viewer")]) {
      expect((await grant(wrong)).code).toBe("AUTH_FORBIDDEN");
    }
    const revoke = (groupId: string | null) =>
      json("/api/v1/users/victor/revoke", "POST", { groupId }, greta);
    expect((await revoke(null)).code).toBe("AUTH_FORBIDDEN");
    expect((await revoke("grp_b")).code).toBe("AUTH_FORBIDDEN");
    expect((await revoke("grp_a")).status).toBe(200);
  });

  test("is refused for the whole fleet's things, and for users themselves", async () => {
    const greta = await bearerOf("greta");
    for (const [method, path, body] of [
      ["POST", "/api/v1/users", { name: "eve" }],
      ["POST", "/api/v1/users/alice/disable", undefined],
      ["POST", "/api/v1/users/alice/reset-password", {}],
      ["GET", "/api/v1/tokens", undefined],
      ["GET", "/metrics", undefined],
    ] as const) {
      expect((await json(path, method, body, greta)).code).toBe("AUTH_FORBIDDEN");
    }
  });

  test("is refused to a token", async () => {
    const greta = await bearerOf("greta");
    const make = (grant: GrantView) =>
      json("/api/v1/api-tokens", "POST", { name: "x", grants: [grant] }, greta);
    expect((await make(inGroup("administrator", "grp_b"))).code).toBe("AUTH_FORBIDDEN");
    const token = String((await make(inGroup("operator", "grp_a"))).body["token"]);
    expect((await json("/api/v1/users", "GET", undefined, token)).code).toBe("AUTH_FORBIDDEN");
    const grant = await json("/api/v1/users/victor/grant", "POST", inGroup("viewer", "grp_a"), token);
    expect(grant.code).toBe("AUTH_FORBIDDEN");
  });
});

describe("who asks for names", () => {
  test("gets the same answer for those that exist and those that do not", async () => {
    await makeUser("dora");
    await json("/api/v1/users/dora/disable", "POST", undefined);
    const answers = await Promise.all(
      ["alice", "dora", "nobody-of-this-name", "usr_01aaaaaaaaaaaaaaaaaaaaaaaa", "' or 1=1"].map(
        async (name) => {
          const { body, status, headers } = await createBrowser(api).signIn(name, "a wrong password");
          const shown = [...headers.keys()].filter((key) => key !== "date").toSorted();
          return JSON.stringify({ status, body, shown });
        },
      ),
    );
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain("SIGN_IN_REFUSED");
  });
});

describe("a browser", () => {
  test("that has signed in is remembered, by a cookie that no page can read", async () => {
    const { headers } = await createBrowser(api).signIn("alice", PASSWORD);
    for (const line of headers.getSetCookie()) expect(line).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect(headers.getSetCookie().map((line) => line.split("=")[0])).toEqual([
      "muster_session",
      "muster_device",
    ]);
  });

  test("is let in while somebody guesses from the same address, and programs are not", async () => {
    const browser = await signedIn("olivia");
    const stranger = createBrowser(api);
    const codes: (string | undefined)[] = [];
    for (let guess = 0; guess < 12; guess += 1) codes.push((await stranger.signIn("olivia", "guess")).code);
    expect(codes.at(0)).toBe("SIGN_IN_REFUSED");
    expect(codes.at(-1)).toBe("RATE_LIMITED");
    expect((await stranger.signIn("olivia", PASSWORD)).code).toBe("RATE_LIMITED");
    expect((await browser.signIn("olivia", PASSWORD)).status).toBe(200);
    expect((await createBrowser(api).signIn("victor", PASSWORD)).status).toBe(200);
    api.clock.advance(600_000);
  });
});

describe("an address behind a proxy", () => {
  test("is believed only from a proxy that is known", async () => {
    const forwarded = { headers: { "x-forwarded-for": "203.0.113.9" } };
    const body = { name: "nobody-here", password: "x" };
    const before = createBrowser(api);
    await before.send("POST", "/api/v1/session/password", { body, ...forwarded });
    expect(api.audited.at(-1)).toMatchObject({ action: "session.refuse", from: { address: "127.0.0.1" } });
    const behind = await startTestApi({ trustedProxies: ["127.0.0.1"] });
    try {
      await createBrowser(behind).send("POST", "/api/v1/session/password", { body, ...forwarded });
      expect(behind.audited.at(-1)).toMatchObject({ from: { address: "203.0.113.9" } });
    } finally {
      await behind.close();
    }
  });
});

test("no secret of all this is in the log or the audit log", async () => {
  const browser = await signedIn("alice");
  const secret = await bearerOf("alice");
  const reset = await json("/api/v1/users/nobody/reset-password", "POST", {});
  const wish = { name: "last", grants: [everywhere("viewer")] };
  const made = await json("/api/v1/api-tokens", "POST", wish, secret);
  const totp = await json("/api/v1/me/totp", "POST", undefined, secret);
  await createBrowser(api).signIn("alice", "typed by mistake");
  await browser.send("GET", "/api/v1/session", { headers: { authorization: "Bearer mst_of_somebody" } });
  const written = api.log.join("\n") + JSON.stringify(api.audited);
  expect(api.log.length).toBeGreaterThan(100);
  const secrets = [
    PASSWORD,
    api.adminToken,
    secret,
    browser.cookies.get("muster_session"),
    browser.cookies.get("muster_device"),
    reset.body["initialPassword"],
    made.body["token"],
    totp.body["secret"],
    "typed by mistake",
    "mst_of_somebody",
  ];
  for (const text of secrets) {
    expect(String(text).length).toBeGreaterThan(10);
    expect(written).not.toContain(String(text));
  }
});
