import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createPeopleWorld, HOME, PASSWORD, type PeopleWorld } from "../testing/people-world.ts";
import { SESSION_TTL_MS } from "./sessions.ts";

let world: PeopleWorld;
beforeEach(async () => {
  world = await createPeopleWorld();
});
afterEach(() => world.close());

const pass = (ms: number) => world.clock.goTo(world.clock.now() + ms);
const everywhere = (role: "viewer" | "operator" | "administrator") => ({ role, groupId: null });
const makeAlice = async (role: "viewer" | "operator" = "operator") => {
  const grants = [everywhere(role), { role: "administrator", groupId: "grp_a" } as const];
  await world.people.users.create({ name: "alice", password: PASSWORD, grants }, world.root);
  return world.signedIn("alice");
};

describe("the server's own token", () => {
  test("is found, and no other text", async () => {
    const tokens = world.people.apiTokens;
    const token = await tokens.renewAdministrator();
    expect(token).toMatch(/^mst_[A-Za-z0-9_-]{43}$/);
    expect(await tokens.hasAdministrator()).toBe(true);
    const { actor } = world.callerOf(await tokens.find(token));
    expect(actor).toMatchObject({ name: "administrator", role: "administrator", userId: null });
    for (const wrong of ["", "mst_", token.slice(0, -1), `${token}x`, token.slice(4), "x".repeat(10_000)]) {
      expect(await tokens.find(wrong)).toBeNull();
    }
  });

  test("is kept as a hash only", async () => {
    const token = await world.people.apiTokens.renewAdministrator();
    const [row] = await world.db.selectFrom("api_tokens").selectAll().execute();
    expect(JSON.stringify(row)).not.toContain(token.slice(4));
    expect(row?.secret_sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test("ends the one before and its sessions, and nobody else's", async () => {
    const { apiTokens, sessions } = world.people;
    const old = await apiTokens.renewAdministrator();
    const place = HOME;
    const own = {
      userId: null,
      tokenId: "administrator",
      method: "token",
      carrier: "cookie",
      place,
    } as const;
    const { secret } = await sessions.begin(own);
    const alice = await makeAlice();
    await apiTokens.renewAdministrator();
    expect(await apiTokens.find(old)).toBeNull();
    expect(await sessions.find(secret)).toBeNull();
    expect((await sessions.list({ limit: 10 }, "all", "")).items.map(({ id }) => id)).toEqual([
      alice.credential.id,
    ]);
  });
});

describe("an API token", () => {
  test("acts under its owner's name and its own, with its roles", async () => {
    const alice = await makeAlice();
    const { apiTokens } = world.people;
    const created = await apiTokens.create({ name: "ci", grants: [everywhere("viewer")] }, alice);
    expect(created).toMatchObject({
      name: "ci",
      owner: { name: "alice" },
      grants: [everywhere("viewer")],
      expiresAt: world.clock.now() + 90 * 86_400_000,
      lastUsedAt: null,
    });
    const { actor, credential } = world.callerOf(await apiTokens.find(created.token));
    expect(actor).toEqual({ name: "alice/ci", userId: alice.actor.userId, role: "viewer", groups: [] });
    expect(credential).toMatchObject({ kind: "token", id: created.id, provedAt: null });
    const [listed] = (await apiTokens.list({ limit: 10 }, { userId: alice.actor.userId ?? "" })).items;
    expect(listed?.lastUsedAt).toBe(world.clock.now());
    expect(JSON.stringify(listed)).not.toContain(created.token.slice(4));
  });

  test.each([
    ["a greater role", [everywhere("administrator")]],
    ["a role in another group", [{ role: "administrator" as const, groupId: "grp_b" }]],
    ["one that is right and one that is not", [everywhere("viewer"), everywhere("administrator")]],
  ])("never gives more than its maker has: %s", async (_what, grants) => {
    const alice = await makeAlice();
    const refused = world.people.apiTokens.create({ name: "ci", grants }, alice);
    await expect(refused).rejects.toMatchObject({ code: "AUTH_FORBIDDEN" });
  });

  test("loses what its owner loses", async () => {
    const alice = await makeAlice();
    const { apiTokens, users } = world.people;
    const inGroup = { role: "administrator", groupId: "grp_a" } as const;
    const { token } = await apiTokens.create(
      { name: "ci", grants: [everywhere("operator"), inGroup] },
      alice,
    );
    await users.grant("alice", everywhere("viewer"), world.root);
    await users.revoke("alice", "grp_a", world.root);
    const { actor } = world.callerOf(await apiTokens.find(token));
    expect(actor).toMatchObject({ role: "viewer", groups: [] });
    await users.revoke("alice", null, world.root);
    expect(await apiTokens.find(token)).toMatchObject({ actor: { role: null, groups: [] } });
  });

  test("is worth nothing once it has expired or was revoked", async () => {
    const alice = await makeAlice();
    const { apiTokens } = world.people;
    const wish = { name: "ci", grants: [everywhere("viewer")], expiresInMs: 60_000 };
    const first = await apiTokens.create(wish, alice);
    pass(59_999);
    expect(await apiTokens.find(first.token)).not.toBeNull();
    pass(1);
    expect(await apiTokens.find(first.token)).toBeNull();
    const second = await apiTokens.create({ ...wish, expiresInMs: null }, alice);
    pass(10 * 365 * 86_400_000);
    expect(await apiTokens.find(second.token)).not.toBeNull();
    await apiTokens.revoke(second.id, "all");
    expect(await apiTokens.find(second.token)).toBeNull();
  });

  test("makes no token that outlives it", async () => {
    const alice = await makeAlice();
    const { apiTokens } = world.people;
    const wish = { name: "ci", grants: [everywhere("viewer")], expiresInMs: 3_600_000 };
    const found = await apiTokens.find((await apiTokens.create(wish, alice)).token);
    const program = world.callerOf(found);
    for (const expiresInMs of [3_600_001, null]) {
      const refused = apiTokens.create({ ...wish, expiresInMs }, program);
      await expect(refused).rejects.toMatchObject({ code: "AUTH_FORBIDDEN" });
    }
    await apiTokens.create(wish, program);
  });

  test("of somebody else is neither listed nor revoked", async () => {
    const alice = await makeAlice();
    const { apiTokens, users } = world.people;
    const { id } = await apiTokens.create({ name: "ci", grants: [everywhere("viewer")] }, alice);
    await users.create({ name: "bob", password: PASSWORD }, world.root);
    const bob = { userId: (await world.signedIn("bob")).actor.userId ?? "" };
    expect(await apiTokens.list({ limit: 10 }, bob)).toMatchObject({ items: [], total: 0 });
    for (const owner of [bob, { userId: null }, { tokenId: "administrator" }]) {
      await expect(apiTokens.revoke(id, owner)).rejects.toMatchObject({ code: "RESOURCE_NOT_FOUND" });
    }
    await apiTokens.revoke(id, { userId: alice.actor.userId ?? "" });
  });
});

describe("a session", () => {
  test("is found until it ends", async () => {
    await makeAlice();
    const { sessions, signIn } = world.people;
    const attempt = {
      name: "alice",
      password: PASSWORD,
      carrier: "cookie",
      place: HOME,
      device: null,
    } as const;
    const { secret, id } = await signIn.byPassword(attempt);
    expect(await sessions.find(secret)).toMatchObject({
      actor: { name: "alice", role: "operator", groups: [{ groupId: "grp_a", role: "administrator" }] },
      credential: { kind: "session", id, provedAt: world.clock.now() },
    });
    expect(await sessions.find(`${secret}x`)).toBeNull();
    expect(await sessions.find(id)).toBeNull();
    await sessions.end(secret);
    await sessions.end(secret);
    expect(await sessions.find(secret)).toBeNull();
  });

  test("is over after twelve hours, and is swept by the next one", async () => {
    await makeAlice();
    const { sessions, signIn } = world.people;
    const attempt = {
      name: "alice",
      password: PASSWORD,
      carrier: "cookie",
      place: HOME,
      device: null,
    } as const;
    const { secret } = await signIn.byPassword(attempt);
    pass(SESSION_TTL_MS - 1);
    expect(await sessions.find(secret)).not.toBeNull();
    pass(1);
    expect(await sessions.find(secret)).toBeNull();
    await signIn.byPassword(attempt);
    expect(await world.db.selectFrom("sessions").select("id").execute()).toHaveLength(1);
  });

  test("is listed and revoked by its owner, and not by another", async () => {
    const alice = await makeAlice();
    const { sessions, users } = world.people;
    await users.create({ name: "bob", password: PASSWORD }, world.root);
    const bob = await world.signedIn("bob");
    const own = { userId: alice.actor.userId ?? "" };
    const page = await sessions.list({ limit: 10 }, own, alice.credential.id);
    expect(page).toMatchObject({
      total: 1,
      items: [
        { id: alice.credential.id, actor: "alice", current: true, address: HOME.address, method: "password" },
      ],
    });
    const others = { userId: bob.actor.userId ?? "" };
    await expect(sessions.revoke(alice.credential.id, others)).rejects.toMatchObject({
      code: "RESOURCE_NOT_FOUND",
    });
    await sessions.revoke(alice.credential.id, own);
    expect((await sessions.list({ limit: 10 }, own, "")).total).toBe(0);
  });

  test("on an API token ends with it, and changes nobody's password", async () => {
    const alice = await makeAlice();
    const { apiTokens, sessions, account } = world.people;
    const { id } = await apiTokens.create({ name: "ci", grants: [everywhere("viewer")] }, alice);
    const begun = await sessions.begin({
      userId: null,
      tokenId: id,
      method: "token",
      carrier: "cookie",
      place: HOME,
    });
    const browser = world.callerOf(await sessions.find(begun.secret));
    expect(browser.actor).toMatchObject({ name: "alice/ci", role: "viewer" });
    await expect(account.beginTotp(browser)).rejects.toMatchObject({ code: "AUTH_USER_REQUIRED" });
    await apiTokens.revoke(id, "all");
    expect(await sessions.find(begun.secret)).toBeNull();
  });
});

describe("one's own account", () => {
  test("is changed only shortly after signing in", async () => {
    const alice = await makeAlice();
    const { account } = world.people;
    pass(15 * 60_000);
    await account.beginTotp(alice);
    pass(1);
    const tooOld = { code: "SIGN_IN_TOO_OLD" };
    await expect(account.beginTotp(alice)).rejects.toMatchObject(tooOld);
    await expect(account.removeTotp(alice)).rejects.toMatchObject(tooOld);
    await expect(account.removePasskey("x", alice)).rejects.toMatchObject(tooOld);
    const change = { currentPassword: PASSWORD, newPassword: "other words of mine" };
    await expect(account.changePassword(change, alice)).rejects.toMatchObject(tooOld);
    expect((await account.read(alice)).user.name).toBe("alice");
  });

  test("gets a new password for the old one, and other sessions end", async () => {
    const other = await makeAlice();
    const alice = await world.signedIn("alice");
    const { account, sessions } = world.people;
    const newPassword = "other words of mine";
    await expect(
      account.changePassword({ currentPassword: "wrong", newPassword }, alice),
    ).rejects.toMatchObject({ code: "SIGN_IN_REFUSED" });
    await expect(
      account.changePassword({ currentPassword: PASSWORD, newPassword: "alice" }, alice),
    ).rejects.toMatchObject({ code: "PASSWORD_UNSUITABLE" });
    await account.changePassword({ currentPassword: PASSWORD, newPassword }, alice);
    const own = { userId: alice.actor.userId ?? "" };
    expect((await sessions.list({ limit: 10 }, own, "")).items.map(({ id }) => id)).toEqual([
      alice.credential.id,
    ]);
    expect(other.credential.id).not.toBe(alice.credential.id);
    await world.signedIn("alice", newPassword);
    await expect(world.signedIn("alice")).rejects.toMatchObject({ code: "SIGN_IN_REFUSED" });
  });

  test("is nobody's where the credentials are a program's", async () => {
    await expect(world.people.account.read(world.root)).rejects.toMatchObject({ code: "AUTH_USER_REQUIRED" });
  });

  test("gives no way to guess the password from a session left open", async () => {
    const alice = await makeAlice();
    const guess = () =>
      world.people.account.changePassword({ currentPassword: "guess", newPassword: PASSWORD }, alice);
    for (let index = 0; index < 10; index += 1)
      await expect(guess()).rejects.toMatchObject({ code: "SIGN_IN_REFUSED" });
    await expect(guess()).rejects.toMatchObject({ code: "RATE_LIMITED" });
  });
});
