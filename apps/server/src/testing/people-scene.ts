import type { GrantView } from "@muster/protocol/http";
import { expect } from "vitest";
import { createBrowser, type TestBrowser } from "./browser.ts";
import type { TestApi } from "./test-api.ts";

export const PASSWORD = "four words nobody says";
/** One address may not sign in without end. */
const BETWEEN_SIGN_INS_MS = 1000;
export const everywhere = (role: GrantView["role"]): GrantView => ({ role, groupId: null });
export const inGroup = (role: GrantView["role"], groupId: string): GrantView => ({ role, groupId });

/** Users of every kind, and what they do. */
export interface PeopleScene {
  /** A request; with the administrator's token unless told. */
  json(path: string, method: string, body: unknown, token?: string): Promise<JsonAnswer>;
  makeUser(name: string, ...grants: GrantView[]): Promise<void>;
  /** The secret of a new session, for programs. */
  bearerOf(name: string): Promise<string>;
  signedIn(name: string): Promise<TestBrowser>;
}

export interface JsonAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly code: unknown;
}

/** alice administers, olivia operates, victor looks on, greta administers the group grp_a, and nobody may nothing. */
export async function createPeopleScene(api: TestApi): Promise<PeopleScene> {
  const json: PeopleScene["json"] = async (path, method, body, token = api.adminToken) => {
    const response = await api.call(path, {
      method,
      token,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    });
    const text = await response.text();
    const answer = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
    return { status: response.status, body: answer, code: answer["code"] };
  };
  const makeUser: PeopleScene["makeUser"] = async (name, ...grants) => {
    expect((await json("/api/v1/users", "POST", { name, password: PASSWORD, grants })).status).toBe(200);
  };
  await makeUser("alice", everywhere("administrator"));
  await makeUser("olivia", everywhere("operator"));
  await makeUser("victor", everywhere("viewer"));
  await makeUser("greta", inGroup("administrator", "grp_a"));
  await makeUser("nobody");
  return {
    json,
    makeUser,
    bearerOf: async (name) => {
      api.clock.advance(BETWEEN_SIGN_INS_MS);
      const { body } = await createBrowser(api).signIn(name, PASSWORD, { carrier: "bearer" });
      return String(body["secret"]);
    },
    signedIn: async (name) => {
      api.clock.advance(BETWEEN_SIGN_INS_MS);
      const browser = createBrowser(api);
      const { status, body } = await browser.signIn(name, PASSWORD);
      expect({ status, body }).toMatchObject({ status: 200, body: { actor: name, secret: null } });
      return browser;
    },
  };
}

export interface Change {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** Every route that changes something about people, with a body that would do. */
export const CHANGES: readonly Change[] = [
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
