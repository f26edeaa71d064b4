import type { ApiTokenView, SessionItem, UserView } from "@muster/protocol/http";
import { describe, expect, test } from "vitest";
import { pageOf, stubApi } from "../testing/stub-api.ts";
import { runMuster } from "../testing/test-terminal.ts";
import { grantText, parseGrant } from "./grant.ts";

const USER: UserView = {
  id: "usr_1",
  name: "bob",
  email: null,
  grants: [
    { role: "viewer", groupId: null, source: "manual" },
    { role: "operator", groupId: "grp_a", source: "oidc" },
  ],
  disabled: false,
  methods: { password: true, mustChangePassword: false, totp: true, passkeys: 1, oidc: false },
  createdAt: 0,
  createdBy: "alice",
  lastSignInAt: null,
};
const bodyOf = (request: { readonly body: Buffer } | undefined): unknown =>
  JSON.parse(request?.body.toString() ?? "null");

describe("muster user", () => {
  test("create makes one with roles; the password that was made is shown beside the result", async () => {
    await using api = await stubApi({
      "POST /api/v1/users": () => ({ ...USER, initialPassword: "abcd-efgh" }),
    });
    const args = [
      "user",
      "create",
      "bob",
      "--role",
      "viewer",
      "--role",
      "operator@grp_a",
      "--email",
      "b@x.example",
    ];
    const result = await runMuster(args, { env: api.env });
    expect(result.stdout).toBe("Made user bob (viewer operator@grp_a).\n");
    expect(result.stderr).toContain("abcd-efgh");
    expect(bodyOf(api.requests[0])).toEqual({
      name: "bob",
      email: "b@x.example",
      grants: [
        { role: "viewer", groupId: null },
        { role: "operator", groupId: "grp_a" },
      ],
    });
  });

  test("create takes a password from standard input, or from a person twice", async () => {
    await using api = await stubApi({ "POST /api/v1/users": () => ({ ...USER, initialPassword: null }) });
    const piped = await runMuster(["user", "create", "bob", "--password-stdin"], {
      env: api.env,
      input: "some words\n",
    });
    expect(piped.code).toBe(0);
    const asking = ["user", "create", "bob", "--ask-password"];
    const asked = await runMuster(asking, {
      env: api.env,
      isTTY: true,
      answers: ["more words", "more words"],
    });
    expect(asked.code).toBe(0);
    expect(api.requests.map((request) => bodyOf(request))).toMatchObject([
      { password: "some words" },
      { password: "more words" },
    ]);
    const differing = await runMuster(asking, { env: api.env, isTTY: true, answers: ["a", "b"] });
    expect(differing).toMatchObject({ code: 2, stderr: expect.stringContaining("differ") });
    expect(await runMuster(asking, { env: api.env })).toMatchObject({ code: 2 });
  });

  test("list shows roles, ways of signing in, and who is disabled", async () => {
    await using api = await stubApi({
      "GET /api/v1/users": () => pageOf([USER, { ...USER, name: "eve", disabled: true }]),
    });
    const { stdout } = await runMuster(["user", "list"], { env: api.env });
    expect(stdout).toMatch(/bob +viewer operator@grp_a +password\+code passkey +- +active/);
    expect(stdout).toMatch(/eve .*disabled/);
  });

  test.each([
    [["grant", "bob", "operator"], "grant", { role: "operator", groupId: null }],
    [["grant", "bob", "operator", "--group", "grp_a"], "grant", { role: "operator", groupId: "grp_a" }],
    [["revoke", "bob"], "revoke", { groupId: null }],
    [["revoke", "bob", "--group", "grp_a"], "revoke", { groupId: "grp_a" }],
  ])("%j changes roles", async (args, verb, body) => {
    await using api = await stubApi({ [`POST /api/v1/users/bob/${verb}`]: () => USER });
    const result = await runMuster(["user", ...args], { env: api.env });
    expect(result).toMatchObject({ code: 0, stdout: "User bob is active: viewer operator@grp_a.\n" });
    expect(bodyOf(api.requests[0])).toEqual(body);
  });

  test("disable, enable and reset-password say what became of the user", async () => {
    await using api = await stubApi({
      "POST /api/v1/users/bob/disable": () => ({ ...USER, disabled: true }),
      "POST /api/v1/users/bob/enable": () => USER,
      "POST /api/v1/users/bob/reset-password": () => ({ ...USER, initialPassword: "abcd-efgh" }),
    });
    const { env } = api;
    expect((await runMuster(["user", "disable", "bob"], { env })).stdout).toContain("is disabled");
    expect((await runMuster(["user", "enable", "bob"], { env })).stdout).toContain("is active");
    const reset = await runMuster(["user", "reset-password", "bob", "--remove-second-factors"], { env });
    expect(reset.stderr).toContain("abcd-efgh");
    expect(bodyOf(api.requests.at(-1))).toEqual({ removeSecondFactors: true });
  });

  test("a role that is none is a wrong call", async () => {
    await using api = await stubApi({});
    for (const args of [
      ["grant", "bob", "root"],
      ["create", "bob", "--role", "viewer@"],
      ["create", "bob", "--role", "x@y@z"],
    ]) {
      expect(await runMuster(["user", ...args], { env: api.env })).toMatchObject({ code: 2 });
    }
    expect(api.requests).toEqual([]);
  });
});

describe("muster api-token", () => {
  const token: ApiTokenView = {
    id: "tok_1",
    name: "ci",
    owner: { id: "usr_1", name: "alice" },
    grants: [{ role: "operator", groupId: null }],
    createdAt: 0,
    createdBy: "alice",
    expiresAt: 3_600_000,
    lastUsedAt: null,
  };

  test("create prints the token alone, so that it can be piped", async () => {
    await using api = await stubApi({ "POST /api/v1/api-tokens": () => ({ ...token, token: "mst_x" }) });
    const args = ["api-token", "create", "ci", "--role", "operator", "--expires", "1h"];
    const result = await runMuster(args, { env: api.env });
    expect(result.stdout).toBe("mst_x\n");
    expect(result.stderr).toContain("Good for 1h, as operator. Its id is tok_1.");
    expect(bodyOf(api.requests[0])).toEqual({
      name: "ci",
      grants: [{ role: "operator", groupId: null }],
      expiresInMs: 3_600_000,
    });
    await runMuster(["api-token", "create", "ci", "--role", "viewer", "--expires", "never"], {
      env: api.env,
    });
    expect(bodyOf(api.requests[1])).toMatchObject({ expiresInMs: null });
    expect(await runMuster(["api-token", "create", "ci"], { env: api.env })).toMatchObject({ code: 2 });
  });

  test("list asks for others' only when told, and revoke takes an id", async () => {
    await using api = await stubApi({
      "GET /api/v1/api-tokens": () => pageOf([token]),
      "DELETE /api/v1/api-tokens/tok_1": () => undefined,
    });
    const { env } = api;
    expect((await runMuster(["api-token", "list"], { env })).stdout).toMatch(
      /tok_1 +alice +ci +operator +- +in 1h/,
    );
    expect(api.requests[0]?.query).toEqual({ limit: "100" });
    await runMuster(["api-token", "list", "--all"], { env });
    await runMuster(["api-token", "list", "--user", "bob"], { env });
    expect(api.requests.slice(1).map(({ query }) => query)).toMatchObject([{ all: "true" }, { user: "bob" }]);
    expect(await runMuster(["api-token", "revoke", "tok_1"], { env })).toMatchObject({ code: 0 });
  });
});

test("muster session lists who is signed in and marks the one that asks", async () => {
  const session: SessionItem = {
    id: "ses_1",
    actor: "alice",
    userId: "usr_1",
    method: "passkey",
    carrier: "cookie",
    address: "192.0.2.1",
    userAgent: "Firefox\u001b[2J",
    createdAt: 0,
    lastSeenAt: 0,
    expiresAt: 3_600_000,
    current: true,
  };
  await using api = await stubApi({
    "GET /api/v1/sessions": () => pageOf([session]),
    "DELETE /api/v1/sessions/ses_1": () => undefined,
  });
  const { stdout } = await runMuster(["session", "list"], { env: api.env });
  expect(stdout).toMatch(/ses_1 \(this\) +alice +passkey +192\.0\.2\.1/);
  expect(stdout).not.toContain("\u001b");
  expect(await runMuster(["session", "revoke", "ses_1"], { env: api.env })).toMatchObject({ code: 0 });
});

describe("muster account", () => {
  test("add-codes shows the secret, takes the first code, and prints the recovery codes", async () => {
    await using api = await stubApi({
      "POST /api/v1/me/totp": () => ({ secret: "GEZDGNBV", uri: "otpauth://totp/x" }),
      "POST /api/v1/me/totp/confirm": () => ({ codes: ["a-b", "c-d"] }),
    });
    const result = await runMuster(["account", "add-codes"], {
      env: api.env,
      isTTY: true,
      answers: ["123456"],
    });
    expect(result).toMatchObject({
      code: 0,
      stdout: "a-b\nc-d\n",
      stderr: expect.stringContaining("GEZDGNBV"),
    });
    expect(bodyOf(api.requests[1])).toEqual({ code: "123456" });
  });

  test("password changes it for the old one; a program cannot", async () => {
    await using api = await stubApi({ "POST /api/v1/me/password": () => undefined });
    const answers = ["old words", "new words", "new words"];
    const result = await runMuster(["account", "password"], { env: api.env, isTTY: true, answers });
    expect(result).toMatchObject({ code: 0, stdout: "Changed.\n" });
    expect(bodyOf(api.requests[0])).toEqual({ currentPassword: "old words", newPassword: "new words" });
    expect(await runMuster(["account", "password"], { env: api.env })).toMatchObject({ code: 2 });
  });

  test("remove-codes and recovery-codes do what they say", async () => {
    await using api = await stubApi({
      "DELETE /api/v1/me/totp": () => undefined,
      "POST /api/v1/me/recovery-codes": () => ({ codes: ["e-f"] }),
    });
    expect(await runMuster(["account", "remove-codes"], { env: api.env })).toMatchObject({ code: 0 });
    expect((await runMuster(["account", "recovery-codes"], { env: api.env })).stdout).toBe("e-f\n");
  });
});

test("a role is written with its group behind it", () => {
  for (const text of ["viewer", "operator@grp_a"]) expect(grantText(parseGrant(text))).toBe(text);
});
