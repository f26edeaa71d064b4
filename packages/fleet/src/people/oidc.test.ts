import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createOpenIdProvider } from "../adapters/openid-provider.ts";
import { startIdentityProvider, type TestIdentityProvider } from "../testing/identity-provider.ts";
import { createPeopleWorld, HOME, PASSWORD, type PeopleWorld } from "../testing/people-world.ts";
import { CHALLENGE_TTL_MS } from "./challenges.ts";
import { mappedGrants, type Oidc, safeNext } from "./oidc.ts";

const REDIRECT_URI = "https://muster.example/api/v1/session/oidc/callback";
const MAPPINGS = [
  { group: "admins", grant: { role: "administrator", groupId: null } },
  { group: "site-a", grant: { role: "operator", groupId: "grp_a" } },
  { group: "everybody", grant: { role: "viewer", groupId: null } },
] as const;
const ALICE = {
  sub: "1234",
  preferred_username: "Alice",
  email: "alice@example.com",
  groups: ["everybody", "site-a"],
};
const NOT_BEGUN = { code: "SIGN_IN_CHALLENGE_INVALID" };
const REFUSED = { code: "OIDC_REFUSED" };

let identity: TestIdentityProvider;
beforeAll(async () => {
  identity = await startIdentityProvider(REDIRECT_URI);
});
afterAll(() => identity.close());

let world: PeopleWorld;
let oidc: Oidc;
beforeEach(async () => {
  identity.be(ALICE);
  world = await createPeopleWorld({
    provider: providerAt(identity.issuer),
    name: "Acme",
    mappings: MAPPINGS,
  });
  if (!world.people.oidc) throw new Error("it is set up");
  oidc = world.people.oidc;
});
afterEach(() => world.close());

function providerAt(issuer: URL) {
  return createOpenIdProvider({
    issuer,
    clientId: identity.clientId,
    clientSecret: identity.clientSecret,
    redirectUri: new URL(REDIRECT_URI),
    scope: "openid profile email",
    groupsClaim: "groups",
  });
}

/** Begins, goes to the provider, and comes back. */
async function goThere(alter: (url: URL) => void = () => {}) {
  const { url, secret } = await oidc.begin("/rollouts/r1");
  alter(url);
  return { secret, query: (await identity.visit(url)).searchParams, place: HOME };
}

describe("who signs in at the identity provider", () => {
  test("becomes a user at the first time, with the roles of their groups", async () => {
    const { user, next } = await oidc.finish(await goThere());
    expect(next).toBe("/rollouts/r1");
    expect(await world.people.users.read(user.id)).toMatchObject({
      name: "alice",
      email: "alice@example.com",
      createdBy: "oidc",
      methods: { oidc: true, password: false },
      grants: [
        { role: "viewer", groupId: null, source: "oidc" },
        { role: "operator", groupId: "grp_a", source: "oidc" },
      ],
    });
    expect(world.audited.at(-1)).toMatchObject({ action: "user.create", actor: { name: "alice" } });
  });

  test("is the same user at the next time, with the roles of then and those given here", async () => {
    const { user } = await oidc.finish(await goThere());
    await world.people.users.grant("alice", { role: "operator", groupId: "grp_b" }, world.root);
    identity.be({ ...ALICE, preferred_username: "renamed", groups: ["admins"] });
    expect((await oidc.finish(await goThere())).user.id).toBe(user.id);
    const { name, grants } = await world.people.users.read(user.id);
    expect(name).toBe("alice");
    expect(grants.map(({ role, groupId, source }) => [role, groupId, source])).toEqual([
      ["administrator", null, "oidc"],
      ["operator", "grp_b", "manual"],
    ]);
  });

  test("without a mapped group is not let in, and leaves nothing", async () => {
    identity.be({ ...ALICE, groups: ["strangers"] });
    await expect(oidc.finish(await goThere())).rejects.toMatchObject({ code: "OIDC_NO_ROLE" });
    expect(await world.people.users.exist()).toBe(false);
  });

  test("and has lost every group since has lost the roles, too, wherever they are still signed in", async () => {
    const { user } = await oidc.finish(await goThere());
    const how = { method: "oidc", carrier: "cookie", place: HOME, device: null } as const;
    const { secret } = await world.people.signIn.begin(user, how);
    expect(await world.people.sessions.find(secret)).toMatchObject({ actor: { role: "viewer" } });
    identity.be({ ...ALICE, groups: [] });
    await expect(oidc.finish(await goThere())).rejects.toMatchObject({ code: "OIDC_NO_ROLE" });
    expect(await world.people.sessions.find(secret)).toMatchObject({ actor: { role: null, groups: [] } });
  });

  test("never becomes a user of the same name who is there already", async () => {
    await world.people.users.create({ name: "alice", password: PASSWORD }, world.root);
    await expect(oidc.finish(await goThere())).rejects.toMatchObject({ code: "USER_NAME_TAKEN" });
    identity.be({ ...ALICE, preferred_username: "administrator" });
    await expect(oidc.finish(await goThere())).rejects.toMatchObject({ code: "USER_NAME_TAKEN" });
  });

  test("under a name that cannot be one here is refused", async () => {
    identity.be({ ...ALICE, preferred_username: "usr_01abc" });
    await expect(oidc.finish(await goThere())).rejects.toMatchObject(REFUSED);
  });

  test("and presses cancel is not signed in", async () => {
    identity.be(null);
    await expect(oidc.finish(await goThere())).rejects.toMatchObject(REFUSED);
  });
});

describe("what comes back is refused", () => {
  test("without the secret of the browser that began", async () => {
    await expect(oidc.finish({ ...(await goThere()), secret: null })).rejects.toMatchObject(NOT_BEGUN);
    const guessed = "x".repeat(43);
    await expect(oidc.finish({ ...(await goThere()), secret: guessed })).rejects.toMatchObject(NOT_BEGUN);
  });

  test("with another state, or another browser's answer", async () => {
    const back = await goThere();
    back.query.set("state", "forged");
    await expect(oidc.finish(back)).rejects.toMatchObject(NOT_BEGUN);
    const [mine, theirs] = [await goThere(), await goThere()];
    await expect(oidc.finish({ ...mine, query: theirs.query })).rejects.toMatchObject(NOT_BEGUN);
  });

  test("a second time", async () => {
    const back = await goThere();
    await oidc.finish(back);
    await expect(oidc.finish(back)).rejects.toMatchObject(NOT_BEGUN);
  });

  test("too late", async () => {
    const back = await goThere();
    world.clock.goTo(world.clock.now() + CHALLENGE_TTL_MS);
    await expect(oidc.finish(back)).rejects.toMatchObject(NOT_BEGUN);
  });

  test("with another nonce in the token", async () => {
    const back = await goThere((url) => url.searchParams.set("nonce", "of another sign-in"));
    await expect(oidc.finish(back)).rejects.toMatchObject({
      ...REFUSED,
      details: { problem: expect.stringContaining("nonce") },
    });
  });

  test("with a code that was given to somebody else's browser", async () => {
    const [mine, theirs] = [await goThere(), await goThere()];
    mine.query.set("code", theirs.query.get("code") ?? "");
    await expect(oidc.finish(mine)).rejects.toMatchObject(REFUSED);
  });

  test("with a code of another challenge, of nobody, or none", async () => {
    const other = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const back = await goThere((url) => url.searchParams.set("code_challenge", other));
    await expect(oidc.finish(back)).rejects.toMatchObject(REFUSED);
    const forged = await goThere();
    forged.query.set("code", "forged");
    await expect(oidc.finish(forged)).rejects.toMatchObject(REFUSED);
    const none = await goThere();
    none.query.delete("code");
    await expect(oidc.finish(none)).rejects.toMatchObject(REFUSED);
  });

  test("in another issuer's name", async () => {
    const back = await goThere();
    back.query.set("iss", "https://evil.example");
    await expect(oidc.finish(back)).rejects.toMatchObject(REFUSED);
  });
});

test("a provider that is away is said to be, and is asked again at the next sign-in", async () => {
  const nobody = providerAt(new URL("http://127.0.0.1:9"));
  await expect(nobody.begin()).rejects.toMatchObject({ code: "OIDC_UNAVAILABLE" });
  await expect(nobody.begin()).rejects.toMatchObject({ code: "OIDC_UNAVAILABLE" });
});

test("the browser is sent with PKCE, state and nonce, all fresh", async () => {
  const [first, second] = [
    (await oidc.begin("/")).url.searchParams,
    (await oidc.begin("/")).url.searchParams,
  ];
  expect(first.get("code_challenge_method")).toBe("S256");
  expect(first.get("redirect_uri")).toBe(REDIRECT_URI);
  for (const name of ["state", "nonce", "code_challenge"]) {
    expect(first.get(name)?.length).toBeGreaterThan(20);
    expect(first.get(name)).not.toBe(second.get(name));
  }
});

test("groups that have no role here give none", () => {
  expect(mappedGrants(["admins", "else"], MAPPINGS)).toEqual([{ role: "administrator", groupId: null }]);
  expect(mappedGrants([], MAPPINGS)).toEqual([]);
  expect(mappedGrants(["Admins", "admins "], MAPPINGS)).toEqual([]);
});

describe("after signing in", () => {
  test.each(["/", "/rollouts/r_1?wave=2#targets", "/agents?q=os:linux"])("one goes on to %s", (next) => {
    expect(safeNext(next)).toBe(next);
  });

  test.each([
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "",
    "evil",
    "/a\\b",
    "/a\nset-cookie:x",
    `/${"x".repeat(3000)}`,
  ])("one does not go on to %j", (next) => {
    expect(safeNext(next)).toBe("/");
  });
});
