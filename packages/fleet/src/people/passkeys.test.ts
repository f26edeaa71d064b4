import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createPeopleWorld, PASSWORD, type PeopleWorld } from "../testing/people-world.ts";
import {
  createSoftwareAuthenticator,
  type SoftwareAuthenticator,
} from "../testing/software-authenticator.ts";
import { CHALLENGE_TTL_MS } from "./challenges.ts";
import type { Caller } from "./ports.ts";

const PARTY = { id: "muster.example", origin: "https://muster.example" };
const INVALID = { code: "PASSKEY_INVALID" };
const NOT_BEGUN = { code: "SIGN_IN_CHALLENGE_INVALID" };

let world: PeopleWorld;
let alice: Caller;
let device: SoftwareAuthenticator;
beforeEach(async () => {
  world = await createPeopleWorld();
  await world.people.users.create({ name: "alice", password: PASSWORD }, world.root);
  alice = await world.signedIn("alice");
  device = createSoftwareAuthenticator();
});
afterEach(() => world.close());

async function add(own = device, change: { origin?: string; isUserVerified?: boolean } = {}) {
  const { challenge, options } = await world.people.passkeys.beginAdding(alice, PARTY);
  const credential = own.register({ options, origin: PARTY.origin, ...change });
  await world.people.passkeys.add({ challenge, name: "laptop", credential }, alice, PARTY);
}

async function begin() {
  return world.people.passkeys.beginSignIn(PARTY);
}

describe("adding a passkey", () => {
  test("keeps its public half, and shows it to its owner", async () => {
    await add();
    const { passkeys, user } = await world.people.account.read(alice);
    expect(passkeys).toEqual([
      { id: device.id, name: "laptop", createdAt: world.clock.now(), lastUsedAt: null },
    ]);
    expect(user.methods.passkeys).toBe(1);
    expect(world.audited.at(-1)).toMatchObject({ action: "user.add_passkey", actor: { name: "alice" } });
  });

  test.each([
    ["on another site's page", { origin: "https://evil.example" }],
    ["without a finger or PIN", { isUserVerified: false }],
  ])("is refused %s", async (_where, change) => {
    await expect(add(device, change)).rejects.toMatchObject(INVALID);
    expect(await world.db.selectFrom("passkeys").select("id").execute()).toEqual([]);
  });

  test("is begun and finished by the same user, once, in time", async () => {
    const { people } = world;
    await people.users.create({ name: "bob", password: PASSWORD }, world.root);
    const bob = await world.signedIn("bob");
    const first = await people.passkeys.beginAdding(alice, PARTY);
    const wish = { options: first.options, origin: PARTY.origin };
    const answer = { challenge: first.challenge, name: "x", credential: device.register(wish) };
    await expect(people.passkeys.add(answer, bob, PARTY)).rejects.toMatchObject(NOT_BEGUN);
    await expect(people.passkeys.add(answer, alice, PARTY)).rejects.toMatchObject(NOT_BEGUN);
    const late = await people.passkeys.beginAdding(alice, PARTY);
    const credential = device.register({ options: late.options, origin: PARTY.origin });
    world.clock.goTo(world.clock.now() + CHALLENGE_TTL_MS);
    const adding = people.passkeys.add({ challenge: late.challenge, name: "x", credential }, alice, PARTY);
    await expect(adding).rejects.toMatchObject(NOT_BEGUN);
  });

  test("that is known already is refused", async () => {
    await add();
    await expect(add()).rejects.toMatchObject(INVALID);
  });

  test("is no program's to do, and takes a sign-in of the last minutes", async () => {
    const { passkeys } = world.people;
    await expect(passkeys.beginAdding(world.root, PARTY)).rejects.toMatchObject({
      code: "AUTH_USER_REQUIRED",
    });
    world.clock.goTo(world.clock.now() + 16 * 60_000);
    await expect(passkeys.beginAdding(alice, PARTY)).rejects.toMatchObject({ code: "SIGN_IN_TOO_OLD" });
  });
});

describe("signing in with a passkey", () => {
  beforeEach(() => add());

  test("names nobody beforehand, and finds whose it is", async () => {
    const { challenge, options } = await begin();
    expect(options).toMatchObject({ rpId: PARTY.id, userVerification: "required" });
    expect(JSON.stringify(options)).not.toContain(device.id);
    const credential = device.answer({ options, origin: PARTY.origin });
    const user = await world.people.passkeys.check({ challenge, credential }, PARTY);
    expect(user.name).toBe("alice");
    const { passkeys } = await world.people.account.read(alice);
    expect(passkeys[0]?.lastUsedAt).toBe(world.clock.now());
  });

  test("works once with one answer", async () => {
    const { challenge, options } = await begin();
    const credential = device.answer({ options, origin: PARTY.origin });
    await world.people.passkeys.check({ challenge, credential }, PARTY);
    await expect(world.people.passkeys.check({ challenge, credential }, PARTY)).rejects.toMatchObject(
      NOT_BEGUN,
    );
    const next = await begin();
    const replay = world.people.passkeys.check({ challenge: next.challenge, credential }, PARTY);
    await expect(replay).rejects.toMatchObject({
      ...INVALID,
      details: { problem: expect.stringContaining("challenge") },
    });
  });

  test.each([
    ["another site", { origin: "https://evil.example" }, /origin/],
    ["a subdomain", { origin: "https://sub.muster.example" }, /origin/],
    ["plain http", { origin: "http://muster.example" }, /origin/],
    ["nobody's finger", { isUserVerified: false }, /user could not be verified/],
  ])("is refused from %s", async (_where, change, problem) => {
    const { challenge, options } = await begin();
    const credential = device.answer({ options, origin: PARTY.origin, ...change });
    await expect(world.people.passkeys.check({ challenge, credential }, PARTY)).rejects.toMatchObject({
      ...INVALID,
      details: { problem: expect.stringMatching(problem) },
    });
  });

  test("is refused for a key that is not known, or is another one", async () => {
    const stranger = createSoftwareAuthenticator();
    const { challenge, options } = await begin();
    const unknown = stranger.answer({ options, origin: PARTY.origin });
    await expect(
      world.people.passkeys.check({ challenge, credential: unknown }, PARTY),
    ).rejects.toMatchObject(INVALID);
    const next = await begin();
    const forged = {
      ...stranger.answer({ options: next.options, origin: PARTY.origin }),
      id: device.id,
      rawId: device.id,
    };
    const checked = world.people.passkeys.check({ challenge: next.challenge, credential: forged }, PARTY);
    await expect(checked).rejects.toMatchObject(INVALID);
  });

  test("is refused for another user's name on it", async () => {
    const { challenge, options } = await begin();
    const credential = device.answer({ options, origin: PARTY.origin });
    credential.response.userHandle = Buffer.from("usr_other").toString("base64url");
    await expect(world.people.passkeys.check({ challenge, credential }, PARTY)).rejects.toMatchObject(
      INVALID,
    );
  });

  test("is refused for a copy of the device that lags behind", async () => {
    device.counter = 50;
    const first = await begin();
    const credential = device.answer({ options: first.options, origin: PARTY.origin });
    await world.people.passkeys.check({ challenge: first.challenge, credential }, PARTY);
    device.counter = 3;
    const second = await begin();
    const copied = device.answer({ options: second.options, origin: PARTY.origin });
    const checked = world.people.passkeys.check({ challenge: second.challenge, credential: copied }, PARTY);
    await expect(checked).rejects.toMatchObject({
      ...INVALID,
      details: { problem: expect.stringContaining("counter") },
    });
  });

  test("is over once the passkey is removed, by its owner only", async () => {
    const { people } = world;
    await people.users.create({ name: "bob", password: PASSWORD }, world.root);
    const bob = await world.signedIn("bob");
    await expect(people.account.removePasskey(device.id, bob)).rejects.toMatchObject({
      code: "RESOURCE_NOT_FOUND",
    });
    await people.account.removePasskey(device.id, alice);
    const { challenge, options } = await begin();
    const credential = device.answer({ options, origin: PARTY.origin });
    await expect(people.passkeys.check({ challenge, credential }, PARTY)).rejects.toMatchObject(INVALID);
  });

  test("of a user who is disabled begins no session", async () => {
    const { people } = world;
    await people.users.disable("alice", world.root);
    const { challenge, options } = await begin();
    const credential = device.answer({ options, origin: PARTY.origin });
    const user = await people.passkeys.check({ challenge, credential }, PARTY);
    const how = { method: "passkey", carrier: "cookie", place: alice.place, device: null } as const;
    await expect(people.signIn.begin(user, how)).rejects.toMatchObject({ code: "SIGN_IN_REFUSED" });
  });
});
