import { createOpenIdProvider } from "@muster/fleet";
import {
  createSoftwareAuthenticator,
  startIdentityProvider,
  type TestIdentityProvider,
} from "@muster/fleet/testing";
import { createClient, passkeyOptionsSchema } from "@muster/protocol/http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createBrowser } from "../testing/browser.ts";
import { startTestApi, type TestApi } from "../testing/test-api.ts";
import { OIDC_CALLBACK } from "./routes/oidc-routes.ts";

// Real sockets, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const PASSWORD = "four words nobody says";
const PAGES = new URL("https://muster.example");
const ALICE = { sub: "1", preferred_username: "alice", groups: ["admins"] };
const AS_PERSON = { headers: { accept: "text/html,*/*" } };

let api: TestApi;
let identity: TestIdentityProvider;
beforeAll(async () => {
  const redirectUri = new URL(OIDC_CALLBACK, PAGES);
  identity = await startIdentityProvider(redirectUri.href);
  const { issuer, clientId, clientSecret } = identity;
  const provider = createOpenIdProvider({
    issuer,
    clientId,
    clientSecret,
    redirectUri,
    scope: "openid profile",
    groupsClaim: "groups",
  });
  const mappings = [{ group: "admins", grant: { role: "administrator", groupId: null } }] as const;
  api = await startTestApi({ publicUrl: PAGES, oidc: { provider, name: "Acme", mappings } });
});
afterAll(async () => {
  await api.close();
  await identity.close();
});

const newBrowser = () => createBrowser(api, PAGES.origin);

/** Begins in the browser, goes to the provider, and gives the path to come back to. */
async function goToProvider(browser: ReturnType<typeof newBrowser>, next = "/rollouts") {
  const path = `/api/v1/session/oidc/start?next=${encodeURIComponent(next)}`;
  const { headers, status } = await browser.send("GET", path, AS_PERSON);
  expect(status).toBe(303);
  const back = await identity.visit(new URL(headers.get("location") ?? ""));
  expect(back.origin).toBe(PAGES.origin);
  return back.pathname + back.search;
}

describe("before anybody is there", () => {
  test("the sign-in page learns so, and the server's token makes the first administrator", async () => {
    const browser = newBrowser();
    expect((await browser.send("GET", "/api/v1/session/methods")).body).toEqual({
      setup: true,
      oidc: { name: "Acme" },
    });
    const body = { token: api.adminToken, name: "root", password: PASSWORD };
    expect((await browser.send("POST", "/api/v1/setup", { body: { ...body, password: "short" } })).code).toBe(
      "PASSWORD_UNSUITABLE",
    );
    const made = await browser.send("POST", "/api/v1/setup", { body });
    expect(made.body).toMatchObject({ actor: "root", role: "administrator" });
    expect((await browser.send("GET", "/api/v1/users")).body).toMatchObject({ total: 1 });
    expect((await browser.send("GET", "/api/v1/session/methods")).body["setup"]).toBe(false);
    expect((await browser.send("POST", "/api/v1/setup", { body })).code).toBe("SETUP_DONE");
  });
});

describe("by the identity provider", () => {
  test("a browser goes there, comes back signed in, and to the page it wanted", async () => {
    identity.be(ALICE);
    const browser = newBrowser();
    const back = await goToProvider(browser, "/rollouts/r1?wave=2");
    expect(browser.cookies.has("__Host-muster_oidc")).toBe(true);
    const { status, headers } = await browser.send("GET", back, AS_PERSON);
    expect([status, headers.get("location")]).toEqual([303, "/rollouts/r1?wave=2"]);
    expect(browser.cookies.has("__Host-muster_oidc")).toBe(false);
    const session = await browser.send("GET", "/api/v1/session");
    expect(session.body).toMatchObject({ actor: "alice", role: "administrator" });
  });

  test("its cookie survives the way through another site, and no page can read it", async () => {
    const { headers } = await newBrowser().send("GET", "/api/v1/session/oidc/start");
    expect(headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-muster_oidc=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ]);
  });

  test.each(["//evil.example", "https://evil.example", "/\\evil.example", "/%09/evil.example\n"])(
    "nobody is led on to another site: %j",
    async (next) => {
      identity.be(ALICE);
      const browser = newBrowser();
      const { headers } = await browser.send("GET", await goToProvider(browser, next), AS_PERSON);
      const location = new URL(headers.get("location") ?? "", PAGES);
      expect(location.origin).toBe(PAGES.origin);
    },
  );

  test("another browser's answer, a forged state and an answer twice are refused", async () => {
    identity.be(ALICE);
    const [mine, theirs] = [newBrowser(), newBrowser()];
    const back = await goToProvider(theirs);
    expect((await mine.send("GET", back)).code).toBe("SIGN_IN_CHALLENGE_INVALID");
    await goToProvider(mine);
    expect((await mine.send("GET", back)).code).toBe("SIGN_IN_CHALLENGE_INVALID");
    const forged = back.replace(/state=[^&]*/, "state=forged");
    expect((await theirs.send("GET", forged)).code).toBe("SIGN_IN_CHALLENGE_INVALID");
    expect((await theirs.send("GET", back)).code).toBe("SIGN_IN_CHALLENGE_INVALID");
    expect(mine.cookies.has("__Host-muster_session")).toBe(false);
    expect(theirs.cookies.has("__Host-muster_session")).toBe(false);
    expect(api.audited.at(-1)).toMatchObject({ action: "session.refuse", details: { method: "oidc" } });
  });

  test("a person sees on the sign-in page what went wrong", async () => {
    identity.be({ ...ALICE, sub: "2", preferred_username: "bob", groups: [] });
    const browser = newBrowser();
    const { headers } = await browser.send("GET", await goToProvider(browser), AS_PERSON);
    expect(headers.get("location")).toBe("/sign-in?problem=OIDC_NO_ROLE");
    const lost = await newBrowser().send("GET", `${OIDC_CALLBACK}?code=x&state=y`, AS_PERSON);
    expect(lost.headers.get("location")).toBe("/sign-in?problem=SIGN_IN_CHALLENGE_INVALID");
  });

  test("where there is none it is said", async () => {
    const own = await startTestApi();
    try {
      const answer = await createBrowser(own).send("GET", "/api/v1/session/oidc/start");
      expect(answer.code).toBe("SIGN_IN_METHOD_UNAVAILABLE");
    } finally {
      await own.close();
    }
  });
});

describe("by passkey", () => {
  test("a browser adds one while it is signed in, and later needs nothing else", async () => {
    await api.people.users.create({ name: "paula", password: PASSWORD }, root());
    const browser = newBrowser();
    await browser.signIn("paula", PASSWORD);
    const device = createSoftwareAuthenticator();
    const begun = await optionsAt(browser, "/api/v1/me/passkeys/options");
    const credential = device.register({ options: begun.options, origin: PAGES.origin });
    const adding = { challenge: begun.challenge, name: "my laptop", credential };
    expect((await browser.send("POST", "/api/v1/me/passkeys", { body: adding })).status).toBe(204);

    const later = newBrowser();
    const asked = await optionsAt(later, "/api/v1/session/passkey/options");
    expect(asked.options["rpId"]).toBe("muster.example");
    const answer = device.answer({ options: asked.options, origin: PAGES.origin });
    const body = { challenge: asked.challenge, credential: answer };
    expect((await later.send("POST", "/api/v1/session/passkey", { body })).body["actor"]).toBe("paula");
    expect((await later.send("GET", "/api/v1/me")).body).toMatchObject({
      passkeys: [{ id: device.id, name: "my laptop" }],
    });
    const replay = await newBrowser().send("POST", "/api/v1/session/passkey", { body });
    expect(replay.code).toBe("SIGN_IN_CHALLENGE_INVALID");
  });

  test("an answer made for another site is refused", async () => {
    const device = createSoftwareAuthenticator();
    const browser = newBrowser();
    await browser.signIn("paula", PASSWORD);
    const begun = await optionsAt(browser, "/api/v1/me/passkeys/options");
    const credential = device.register({ options: begun.options, origin: PAGES.origin });
    const adding = { challenge: begun.challenge, name: "phone", credential };
    expect((await browser.send("POST", "/api/v1/me/passkeys", { body: adding })).status).toBe(204);
    const asked = await optionsAt(newBrowser(), "/api/v1/session/passkey/options");
    const answer = device.answer({ options: asked.options, origin: "https://evil.example" });
    const body = { challenge: asked.challenge, credential: answer };
    expect((await newBrowser().send("POST", "/api/v1/session/passkey", { body })).body).toMatchObject({
      code: "PASSKEY_INVALID",
      details: { problem: expect.stringContaining("origin") },
    });
  });

  test("pages without a name have none", async () => {
    const own = await startTestApi();
    try {
      const answer = await createBrowser(own).send("POST", "/api/v1/session/passkey/options");
      expect(answer.code).toBe("SIGN_IN_METHOD_UNAVAILABLE");
    } finally {
      await own.close();
    }
  });
});

test("the typed client signs in, reads its own account, and sees to users, tokens and sessions", async () => {
  const anonymous = createClient({ server: api.url });
  await api.people.users.create(
    { name: "clara", password: PASSWORD, grants: [{ role: "administrator", groupId: null }] },
    root(),
  );
  const begun = await anonymous.session.createWithPassword({
    name: "clara",
    password: PASSWORD,
    carrier: "bearer",
  });
  const client = createClient({ server: api.url, token: begun.secret ?? "" });
  expect((await client.session.get()).actor).toBe("clara");
  expect((await client.me.get()).user.name).toBe("clara");
  const made = await client.users.create({ name: "dan" });
  expect(made.initialPassword).toMatch(/^[0-9a-z]{4}(-[0-9a-z]{4}){3}$/);
  expect((await client.users.grant("dan", { role: "viewer", groupId: null })).grants).toHaveLength(1);
  expect((await client.users.revoke("dan", null)).grants).toEqual([]);
  expect((await client.users.disable("dan")).disabled).toBe(true);
  expect((await client.users.enable("dan")).disabled).toBe(false);
  expect((await client.users.resetPassword("dan")).initialPassword).not.toBe(made.initialPassword);
  expect((await client.users.list()).items.map(({ name }) => name)).toContain("dan");
  expect((await client.users.get("dan")).id).toBe(made.id);
  const token = await client.apiTokens.create({ name: "ci", grants: [{ role: "viewer", groupId: null }] });
  expect((await client.apiTokens.list()).items.map(({ id }) => id)).toEqual([token.id]);
  expect((await client.apiTokens.list({ all: "true" })).total).toBe(2);
  await client.apiTokens.revoke(token.id);
  const { items } = await client.session.list();
  expect(items).toMatchObject([{ actor: "clara", current: true, carrier: "bearer" }]);
  await client.session.revoke(items[0]?.id ?? "");
  await expect(client.session.get()).rejects.toMatchObject({ code: "AUTH_REQUIRED" });
});

async function optionsAt(browser: ReturnType<typeof newBrowser>, path: string) {
  return passkeyOptionsSchema.parse((await browser.send("POST", path)).body);
}

const root = () => ({
  actor: { name: "administrator", role: "administrator" as const },
  credential: { kind: "token" as const, id: "administrator", tokenId: null, provedAt: null, expiresAt: null },
  place: { address: "127.0.0.1", userAgent: "test" },
});
