import { generateSync } from "otplib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createPeopleWorld, ELSEWHERE, HOME, PASSWORD, type PeopleWorld } from "../testing/people-world.ts";
import type { PasswordAttempt } from "./sign-in.ts";

let world: PeopleWorld;
beforeEach(async () => {
  world = await createPeopleWorld();
  await world.people.users.create({ name: "alice", password: PASSWORD }, world.root);
});
afterEach(() => world.close());

const attempt = (change: Partial<PasswordAttempt> = {}) =>
  world.people.signIn.byPassword({
    name: "alice",
    password: PASSWORD,
    carrier: "cookie",
    place: HOME,
    device: null,
    ...change,
  });
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "signed in",
    (error: { code: string }) => error.code,
  );
const pass = (ms: number) => world.clock.goTo(world.clock.now() + ms);
const totpOf = (secret: string) => generateSync({ secret, epoch: world.clock.now() / 1000 });

/** Turns codes on for alice; gives the secret and the recovery codes. The code of now is used up. */
async function addCodes() {
  const alice = await world.signedIn("alice");
  const { secret } = await world.people.account.beginTotp(alice);
  const codes = await world.people.account.confirmTotp(totpOf(secret), alice);
  return { secret, codes };
}

describe("by name and password", () => {
  test("somebody signs in, whatever the case of the name", async () => {
    const { secret, device } = await attempt({ name: " Alice " });
    expect(await world.people.sessions.find(secret)).toMatchObject({ actor: { name: "alice", role: null } });
    expect(device).toMatch(/^[\w-]{43}$/);
    expect((await world.people.users.read("alice")).lastSignInAt).toBe(world.clock.now());
  });

  test.each([
    ["a wrong password", {}],
    ["a name that nobody has", { name: "nobody" }],
    ["a name of hostile text", { name: "'; drop table users; --" }],
    ["a user without a password", { name: "carol" }],
    ["a user who is disabled", { name: "mallory", password: PASSWORD }],
  ])("%s is refused in the same words, after the same work", async (_what, change) => {
    await world.people.users.create({ name: "carol" }, world.root);
    await world.db.updateTable("users").set({ password_hash: null }).where("name", "=", "carol").execute();
    await world.people.users.create({ name: "mallory", password: PASSWORD }, world.root);
    await world.people.users.disable("mallory", world.root);
    const before = world.verifications();
    const refusal = attempt({ password: "a wrong password", ...change });
    await expect(refusal).rejects.toMatchObject({ code: "SIGN_IN_REFUSED", details: {} });
    expect(world.verifications() - before).toBe(1);
  });

  test("what was typed is written down nowhere", async () => {
    await codeOf(attempt({ name: "my secret as a name", password: "my secret password" }));
    await attempt();
    expect(world.audited.map(({ action }) => action)).toEqual([
      "user.create",
      "session.refuse",
      "session.begin",
    ]);
    expect(JSON.stringify(world.audited)).not.toMatch(/my secret|four words/);
    expect(world.audited[1]).toMatchObject({ actor: { kind: "anonymous" }, from: { address: HOME.address } });
  });

  test("a password that an administrator gave has to be changed at once", async () => {
    const { initialPassword } = await world.people.users.create({ name: "bob" }, world.root);
    const bob = { name: "bob", password: initialPassword ?? "" };
    expect(await codeOf(attempt(bob))).toBe("SIGN_IN_PASSWORD_CHANGE_REQUIRED");
    expect(await codeOf(attempt({ ...bob, newPassword: "short" }))).toBe("PASSWORD_UNSUITABLE");
    expect(await codeOf(attempt({ ...bob, newPassword: initialPassword ?? "" }))).toBe("PASSWORD_UNSUITABLE");
    expect(await codeOf(attempt({ ...bob, newPassword: "words of my own choice" }))).toBe("signed in");
    expect(await codeOf(attempt(bob))).toBe("SIGN_IN_REFUSED");
    expect(await codeOf(attempt({ name: "bob", password: "words of my own choice" }))).toBe("signed in");
  });

  test("nobody learns from a new password whether the old one is right", async () => {
    expect(await codeOf(attempt({ password: "a wrong password", newPassword: "short" }))).toBe(
      "SIGN_IN_REFUSED",
    );
  });
});

describe("who guesses", () => {
  test("is slowed down, even when the guess is right at last", async () => {
    for (let guess = 0; guess < 10; guess += 1) {
      expect(await codeOf(attempt({ password: `guess number ${guess}` }))).toBe("SIGN_IN_REFUSED");
    }
    expect(await codeOf(attempt())).toBe("RATE_LIMITED");
    pass(30_000);
    expect(await codeOf(attempt())).toBe("signed in");
  });

  test("gains nothing by guessing all at once", async () => {
    const guesses = Array.from({ length: 30 }, (_, guess) =>
      codeOf(attempt({ password: `guess number ${guess}` })),
    );
    const answers = await Promise.all(guesses);
    expect(answers.filter((answer) => answer === "SIGN_IN_REFUSED")).toHaveLength(10);
    expect(answers.filter((answer) => answer === "RATE_LIMITED")).toHaveLength(20);
  });

  test("does not lock the owner out who is elsewhere", async () => {
    for (let guess = 0; guess < 50; guess += 1)
      await codeOf(attempt({ password: "guess", place: ELSEWHERE }));
    expect(await codeOf(attempt({ place: ELSEWHERE }))).toBe("RATE_LIMITED");
    expect(await codeOf(attempt())).toBe("signed in");
  });

  test("does not lock the owner out who is in the same place, in a browser that has signed in before", async () => {
    const { device } = await attempt();
    for (let guess = 0; guess < 80; guess += 1) await codeOf(attempt({ password: "guess" }));
    expect(await codeOf(attempt())).toBe("RATE_LIMITED");
    expect(await codeOf(attempt({ device }))).toBe("signed in");
  });

  test("is slowed down in a stolen browser too, and another user's browser is a stranger's", async () => {
    const { device } = await attempt();
    for (let guess = 0; guess < 10; guess += 1) await codeOf(attempt({ password: "guess", device }));
    expect(await codeOf(attempt({ device }))).toBe("RATE_LIMITED");
    expect(await codeOf(attempt())).toBe("signed in");
    await world.people.users.create({ name: "bob", password: PASSWORD }, world.root);
    const bob = await attempt({ name: "bob" });
    for (let guess = 0; guess < 10; guess += 1) {
      await codeOf(attempt({ password: "guess", device: bob.device, place: ELSEWHERE }));
    }
    expect(await codeOf(attempt({ device: bob.device, place: ELSEWHERE }))).toBe("RATE_LIMITED");
    expect(await codeOf(attempt({ name: "bob", device: bob.device, place: ELSEWHERE }))).toBe("signed in");
  });

  test("into all accounts from one address is slowed down as well", async () => {
    const answers: string[] = [];
    for (let index = 0; index < 61; index += 1) answers.push(await codeOf(attempt({ name: `user${index}` })));
    expect(answers.indexOf("RATE_LIMITED")).toBe(60);
    expect(await codeOf(attempt({ place: ELSEWHERE }))).toBe("signed in");
  });
});

describe("with codes", () => {
  test("the password alone is not enough, and a code is good once", async () => {
    const { secret } = await addCodes();
    expect(await codeOf(attempt())).toBe("SIGN_IN_CODE_REQUIRED");
    expect(await codeOf(attempt({ code: totpOf(secret) }))).toBe("SIGN_IN_REFUSED");
    pass(30_000);
    const code = totpOf(secret);
    expect(await codeOf(attempt({ password: "a wrong password", code }))).toBe("SIGN_IN_REFUSED");
    expect(await codeOf(attempt({ code }))).toBe("signed in");
    expect(await codeOf(attempt({ code }))).toBe("SIGN_IN_REFUSED");
    pass(30_000);
    expect(await codeOf(attempt({ code }))).toBe("SIGN_IN_REFUSED");
    expect(await codeOf(attempt({ code: ` ${totpOf(secret)} ` }))).toBe("signed in");
  });

  test("two at once cannot both use one code", async () => {
    const { secret, codes } = await addCodes();
    pass(30_000);
    for (const code of [totpOf(secret), codes[0] ?? ""]) {
      const answers = await Promise.all([
        codeOf(attempt({ code })),
        codeOf(attempt({ code, place: ELSEWHERE })),
      ]);
      expect(answers.toSorted()).toEqual(["SIGN_IN_REFUSED", "signed in"]);
    }
  });

  test("a recovery code signs in once in place of a code, however it is typed", async () => {
    const { codes } = await addCodes();
    expect(codes).toHaveLength(10);
    const [first = "", second = ""] = codes;
    expect(await codeOf(attempt({ code: first.toUpperCase().replaceAll("-", " ") }))).toBe("signed in");
    expect(await codeOf(attempt({ code: first }))).toBe("SIGN_IN_REFUSED");
    expect(await codeOf(attempt({ code: second }))).toBe("signed in");
    expect(await codeOf(attempt({ code: "0000-0000-0000-0000" }))).toBe("SIGN_IN_REFUSED");
  });

  test("recovery codes are another user's nothing, and new ones end the old ones", async () => {
    const { codes } = await addCodes();
    await world.people.users.create({ name: "bob", password: PASSWORD }, world.root);
    const bob = await world.signedIn("bob");
    await world.people.account.confirmTotp(totpOf((await world.people.account.beginTotp(bob)).secret), bob);
    const [first = "", second = ""] = codes;
    expect(await codeOf(attempt({ name: "bob", code: first }))).toBe("SIGN_IN_REFUSED");
    const alice = await world.signedIn("alice", PASSWORD, first);
    const renewed = await world.people.account.renewRecoveryCodes(alice);
    expect(await codeOf(attempt({ code: second }))).toBe("SIGN_IN_REFUSED");
    expect(await codeOf(attempt({ code: renewed[0] ?? "" }))).toBe("signed in");
    const kept = await world.db.selectFrom("recovery_codes").selectAll().execute();
    for (const code of renewed) expect(JSON.stringify(kept)).not.toContain(code);
  });

  test("guessing codes is slowed down like guessing passwords", async () => {
    await addCodes();
    for (let guess = 0; guess < 10; guess += 1) await codeOf(attempt({ code: `00000${guess}` }));
    expect(await codeOf(attempt({ code: "000011" }))).toBe("RATE_LIMITED");
  });

  test("the secret is kept sealed, and opens for its own user only", async () => {
    const { secret } = await addCodes();
    const row = await world.db.selectFrom("users").selectAll().executeTakeFirstOrThrow();
    expect(JSON.stringify(row)).not.toContain(secret);
    await world.people.users.create({ name: "bob", password: PASSWORD }, world.root);
    const { totp_secret } = row;
    await world.db.updateTable("users").set({ totp_secret }).where("name", "=", "bob").execute();
    pass(30_000);
    expect(await codeOf(attempt({ name: "bob", code: totpOf(secret) }))).toBe("SECRET_UNREADABLE");
  });

  test("they are asked for only once a first one has shown that the app works", async () => {
    const alice = await world.signedIn("alice");
    await world.people.account.beginTotp(alice);
    expect(await codeOf(world.people.account.confirmTotp("000000", alice))).toBe("SIGN_IN_REFUSED");
    expect(await codeOf(attempt())).toBe("signed in");
  });
});
