import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createBrowser } from "../testing/browser.ts";
import { createPeopleScene, everywhere, PASSWORD, type PeopleScene } from "../testing/people-scene.ts";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

// Real sockets, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let api: TestApi;
let scene: PeopleScene;
beforeAll(async () => {
  api = await startTestApi({ publicUrl: new URL("http://muster.example"), logsEverything: true });
  scene = await createPeopleScene(api);
});
afterAll(() => api.close());

describe("who asks for names", () => {
  test("gets the same answer for those that exist and those that do not", async () => {
    await scene.makeUser("dora");
    await scene.json("/api/v1/users/dora/disable", "POST", undefined);
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
    const browser = await scene.signedIn("olivia");
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
  const browser = await scene.signedIn("alice");
  const secret = await scene.bearerOf("alice");
  const reset = await scene.json("/api/v1/users/nobody/reset-password", "POST", {});
  const wish = { name: "last", grants: [everywhere("viewer")] };
  const made = await scene.json("/api/v1/api-tokens", "POST", wish, secret);
  const totp = await scene.json("/api/v1/me/totp", "POST", undefined, secret);
  await createBrowser(api).signIn("alice", "typed by mistake");
  await browser.send("GET", "/api/v1/session", { headers: { authorization: "Bearer mst_of_somebody" } });
  const written = api.log.join("\n") + JSON.stringify(api.audited);
  expect(api.log.length).toBeGreaterThan(20);
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
