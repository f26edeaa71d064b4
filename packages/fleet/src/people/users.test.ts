import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createPeopleWorld, HOME, PASSWORD, type PeopleWorld } from "../testing/people-world.ts";

const ADMINISTRATOR = { role: "administrator", groupId: null } as const;

let world: PeopleWorld;
beforeEach(async () => {
  world = await createPeopleWorld();
});
afterEach(() => world.close());

describe("a user", () => {
  test("is made with roles, and found by name and id", async () => {
    const { users } = world.people;
    expect(await users.exist()).toBe(false);
    const inGroup = { role: "operator", groupId: "grp_a" } as const;
    const made = await users.create(
      { name: "alice", email: "a@example.com", grants: [ADMINISTRATOR, inGroup], password: PASSWORD },
      world.root,
    );
    expect(made).toMatchObject({
      name: "alice",
      email: "a@example.com",
      grants: [
        { ...ADMINISTRATOR, source: "manual" },
        { ...inGroup, source: "manual" },
      ],
      disabled: false,
      methods: { password: true, mustChangePassword: false, totp: false, passkeys: 0, oidc: false },
      createdBy: "administrator",
      lastSignInAt: null,
      initialPassword: null,
    });
    const { initialPassword: _, ...view } = made;
    expect(await users.read("alice")).toEqual(view);
    expect(await users.read(made.id)).toEqual(view);
    expect(await users.exist()).toBe(true);
    expect(world.audited.at(-1)).toMatchObject({
      action: "user.create",
      actor: { kind: "token", name: "administrator" },
      from: { address: HOME.address, credential: "token:administrator" },
      resource: { kind: "user", id: made.id },
      details: { name: "alice", grants: ["administrator", "operator@grp_a"] },
    });
  });

  test.each(["alice", "administrator"])("cannot be made under a name that is taken: %s", async (name) => {
    await world.people.users.create({ name: "alice" }, world.root);
    await expect(world.people.users.create({ name }, world.root)).rejects.toMatchObject({
      code: "USER_NAME_TAKEN",
    });
  });

  test("whose password is unsuitable is not made", async () => {
    const short = world.people.users.create({ name: "alice", password: "short" }, world.root);
    await expect(short).rejects.toMatchObject({ code: "PASSWORD_UNSUITABLE" });
    expect(await world.people.users.exist()).toBe(false);
    expect(world.audited).toEqual([]);
  });

  test("who is not there is not found", async () => {
    const { users } = world.people;
    const missing = { code: "RESOURCE_NOT_FOUND" };
    await expect(users.read("nobody")).rejects.toMatchObject(missing);
    await expect(users.grant("usr_none", ADMINISTRATOR, world.root)).rejects.toMatchObject(missing);
    await expect(users.disable("nobody", world.root)).rejects.toMatchObject(missing);
    await expect(users.resetPassword("nobody", {}, world.root)).rejects.toMatchObject(missing);
  });

  test("is listed by name, a page at a time", async () => {
    for (const name of ["carol", "alice", "bob"]) await world.people.users.create({ name }, world.root);
    const first = await world.people.users.list({ limit: 2 });
    expect(first).toMatchObject({ items: [{ name: "alice" }, { name: "bob" }], total: 3 });
    const second = await world.people.users.list({ limit: 2, cursor: first.nextCursor ?? "" });
    expect(second).toMatchObject({ items: [{ name: "carol" }], nextCursor: null, total: 3 });
  });
});

describe("roles", () => {
  test("are given and taken, in the fleet and in single groups, and count at once", async () => {
    const { users, sessions } = world.people;
    await users.create({ name: "alice", password: PASSWORD }, world.root);
    const { actor, credential } = await world.signedIn("alice");
    expect(actor).toMatchObject({ role: null, groups: [] });
    await users.grant("alice", { role: "viewer", groupId: null }, world.root);
    await users.grant("alice", { role: "viewer", groupId: "grp_a" }, world.root);
    const view = await users.grant("alice", { role: "operator", groupId: "grp_a" }, world.root);
    expect(view.grants.map(({ role, groupId }) => [role, groupId])).toEqual([
      ["viewer", null],
      ["operator", "grp_a"],
    ]);
    expect(credential.kind).toBe("session");
    const again = await world.signedIn("alice");
    expect(again.actor).toMatchObject({ role: "viewer", groups: [{ groupId: "grp_a", role: "operator" }] });
    await users.revoke("alice", "grp_a", world.root);
    await users.revoke("alice", null, world.root);
    await users.revoke("alice", null, world.root);
    expect((await users.read("alice")).grants).toEqual([]);
    expect((await sessions.list({ limit: 10 }, "all", "")).total).toBe(2);
  });

  test("never leave the fleet without an administrator", async () => {
    const { users } = world.people;
    await users.create({ name: "alice", grants: [ADMINISTRATOR] }, world.root);
    await users.create({ name: "bob", grants: [{ role: "administrator", groupId: "grp_a" }] }, world.root);
    const last = { code: "USER_LAST_ADMINISTRATOR" };
    await expect(users.revoke("alice", null, world.root)).rejects.toMatchObject(last);
    await expect(users.disable("alice", world.root)).rejects.toMatchObject(last);
    const lesser = users.grant("alice", { role: "viewer", groupId: null }, world.root);
    await expect(lesser).rejects.toMatchObject(last);
    expect((await users.read("alice")).grants).toMatchObject([ADMINISTRATOR]);
    await users.grant("bob", ADMINISTRATOR, world.root);
    await users.disable("alice", world.root);
    await expect(users.disable("bob", world.root)).rejects.toMatchObject(last);
  });
});

describe("who is disabled", () => {
  test("is out at once, with sessions and tokens, until enabled again", async () => {
    const { users, sessions, apiTokens, signIn } = world.people;
    await users.create(
      { name: "alice", password: PASSWORD, grants: [{ role: "viewer", groupId: null }] },
      world.root,
    );
    const begun = await signIn.byPassword({
      name: "alice",
      password: PASSWORD,
      carrier: "cookie",
      place: HOME,
      device: null,
    });
    const alice = world.callerOf(await sessions.find(begun.secret));
    const { token } = await apiTokens.create(
      { name: "ci", grants: [{ role: "viewer", groupId: null }] },
      alice,
    );
    expect((await users.disable("alice", world.root)).disabled).toBe(true);
    expect(await sessions.find(begun.secret)).toBeNull();
    expect(await apiTokens.find(token)).toBeNull();
    await expect(world.signedIn("alice")).rejects.toMatchObject({ code: "SIGN_IN_REFUSED" });
    await users.enable("alice", world.root);
    expect(await sessions.find(begun.secret)).toBeNull();
    expect(await apiTokens.find(token)).not.toBeNull();
    await world.signedIn("alice");
  });
});

describe("a reset", () => {
  test("ends sessions and known browsers, and gives a password that has to be changed", async () => {
    const { users, sessions, signIn } = world.people;
    await users.create({ name: "alice", password: PASSWORD }, world.root);
    const attempt = { name: "alice", carrier: "cookie", place: HOME, device: null } as const;
    const begun = await signIn.byPassword({ ...attempt, password: PASSWORD });
    const { initialPassword } = await users.resetPassword("alice", {}, world.root);
    expect(await sessions.find(begun.secret)).toBeNull();
    expect(await world.db.selectFrom("known_devices").selectAll().execute()).toEqual([]);
    await expect(world.signedIn("alice")).rejects.toMatchObject({ code: "SIGN_IN_REFUSED" });
    await expect(world.signedIn("alice", initialPassword ?? "")).rejects.toMatchObject({
      code: "SIGN_IN_PASSWORD_CHANGE_REQUIRED",
    });
    expect(JSON.stringify(world.audited)).not.toContain(initialPassword);
  });

  test("removes lost codes only when that is asked for", async () => {
    const { users } = world.people;
    await users.create({ name: "alice", password: PASSWORD }, world.root);
    await world.db.updateTable("users").set({ totp_secret: "GEZDGNBV" }).execute();
    expect((await users.resetPassword("alice", {}, world.root)).methods.totp).toBe(true);
    const reset = await users.resetPassword("alice", { removeSecondFactors: true }, world.root);
    expect(reset.methods).toMatchObject({ totp: false, passkeys: 0 });
  });
});

describe("the first administrator", () => {
  const first = { name: "alice", password: PASSWORD };

  test("is made with the server's own token, once", async () => {
    const { setUp, apiTokens, users } = world.people;
    const token = await apiTokens.renewAdministrator();
    const row = await setUp({ ...first, token: ` ${token}\n` }, HOME);
    expect(await users.read(row.id)).toMatchObject({ name: "alice", grants: [ADMINISTRATOR] });
    await expect(setUp({ ...first, name: "bob", token }, HOME)).rejects.toMatchObject({ code: "SETUP_DONE" });
    expect(await apiTokens.find(token)).not.toBeNull();
  });

  test("can end the token with it", async () => {
    const { setUp, apiTokens } = world.people;
    const token = await apiTokens.renewAdministrator();
    await setUp({ ...first, token, endToken: true }, HOME);
    expect(await apiTokens.find(token)).toBeNull();
  });

  test("is not made with any other token, even an administrator's", async () => {
    const { setUp, apiTokens, users } = world.people;
    const { token } = await apiTokens.create({ name: "other", grants: [ADMINISTRATOR] }, world.root);
    for (const wrong of [token, "", "mst_guess"]) {
      await expect(setUp({ ...first, token: wrong }, HOME)).rejects.toMatchObject({ code: "AUTH_REQUIRED" });
    }
    expect(await users.exist()).toBe(false);
  });
});
