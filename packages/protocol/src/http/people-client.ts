import {
  apiTokenPageSchema,
  type ChangePassword,
  type CreateApiToken,
  createdApiTokenSchema,
  type CreateUser,
  type GrantView,
  meSchema,
  recoveryCodesSchema,
  type ResetPassword,
  totpSecretSchema,
  userPageSchema,
  userSchema,
  userWithPasswordSchema,
} from "./people.ts";
import {
  begunSessionSchema,
  type PasskeyAnswer,
  passkeyOptionsSchema,
  type PasskeyRegistration,
  type PasswordSignIn,
  sessionPageSchema,
  sessionSchema,
  signInMethodsSchema,
} from "./session.ts";
import type { Setup } from "./people.ts";
import { path, type Transport } from "./transport.ts";

interface Call {
  readonly signal?: AbortSignal | undefined;
}

/** Whose sessions or tokens, and which page; own ones unless told. */
export interface PeopleQuery {
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
  readonly user?: string | undefined;
  readonly all?: "true" | "false" | undefined;
}

/** Who asks: signing in and out, and the session as it is. */
export function sessionCalls({ json, send }: Transport) {
  return {
    get: ({ signal }: Call = {}) => json(sessionSchema, { method: "GET", path: "/api/v1/session", signal }),
    methods: ({ signal }: Call = {}) =>
      json(signInMethodsSchema, { method: "GET", path: "/api/v1/session/methods", signal }),
    create: (token: string) =>
      json(sessionSchema, { method: "POST", path: "/api/v1/session", body: { token } }),
    /** `SIGN_IN_CODE_REQUIRED` and `SIGN_IN_PASSWORD_CHANGE_REQUIRED` say what to send besides. */
    createWithPassword: (body: PasswordSignIn) =>
      json(begunSessionSchema, { method: "POST", path: "/api/v1/session/password", body }),
    passkeyOptions: () =>
      json(passkeyOptionsSchema, { method: "POST", path: "/api/v1/session/passkey/options" }),
    createWithPasskey: (body: PasskeyAnswer) =>
      json(sessionSchema, { method: "POST", path: "/api/v1/session/passkey", body }),
    /** Makes the first administrator, and signs them in. */
    setUp: (body: Setup) => json(sessionSchema, { method: "POST", path: "/api/v1/setup", body }),
    end: async () => {
      await send({ method: "DELETE", path: "/api/v1/session" });
    },
    list: (query: PeopleQuery = {}, { signal }: Call = {}) =>
      json(sessionPageSchema, { method: "GET", path: "/api/v1/sessions", query: { ...query }, signal }),
    revoke: async (id: string) => {
      await send({ method: "DELETE", path: path`/api/v1/sessions/${id}` });
    },
  };
}

/** Users, by id or name. */
export function userCalls({ json }: Transport) {
  const act = (user: string, verb: "disable" | "enable") =>
    json(userSchema, { method: "POST", path: path`/api/v1/users/${user}/${verb}` });
  return {
    list: (query: Pick<PeopleQuery, "cursor" | "limit"> = {}, { signal }: Call = {}) =>
      json(userPageSchema, { method: "GET", path: "/api/v1/users", query: { ...query }, signal }),
    get: (user: string, { signal }: Call = {}) =>
      json(userSchema, { method: "GET", path: path`/api/v1/users/${user}`, signal }),
    create: (body: CreateUser) =>
      json(userWithPasswordSchema, { method: "POST", path: "/api/v1/users", body }),
    grant: (user: string, body: GrantView) =>
      json(userSchema, { method: "POST", path: path`/api/v1/users/${user}/grant`, body }),
    revoke: (user: string, groupId: string | null) =>
      json(userSchema, { method: "POST", path: path`/api/v1/users/${user}/revoke`, body: { groupId } }),
    disable: (user: string) => act(user, "disable"),
    enable: (user: string) => act(user, "enable"),
    resetPassword: (user: string, body: ResetPassword = {}) =>
      json(userWithPasswordSchema, {
        method: "POST",
        path: path`/api/v1/users/${user}/reset-password`,
        body,
      }),
  };
}

/** Tokens for programs. */
export function apiTokenCalls({ json, send }: Transport) {
  return {
    list: (query: PeopleQuery = {}, { signal }: Call = {}) =>
      json(apiTokenPageSchema, { method: "GET", path: "/api/v1/api-tokens", query: { ...query }, signal }),
    create: (body: CreateApiToken) =>
      json(createdApiTokenSchema, { method: "POST", path: "/api/v1/api-tokens", body }),
    revoke: async (id: string) => {
      await send({ method: "DELETE", path: path`/api/v1/api-tokens/${id}` });
    },
  };
}

/** The user who asks. */
export function meCalls({ json, send }: Transport) {
  return {
    get: ({ signal }: Call = {}) => json(meSchema, { method: "GET", path: "/api/v1/me", signal }),
    changePassword: async (body: ChangePassword) => {
      await send({ method: "POST", path: "/api/v1/me/password", body });
    },
    beginTotp: () => json(totpSecretSchema, { method: "POST", path: "/api/v1/me/totp" }),
    confirmTotp: (code: string) =>
      json(recoveryCodesSchema, { method: "POST", path: "/api/v1/me/totp/confirm", body: { code } }),
    removeTotp: async () => {
      await send({ method: "DELETE", path: "/api/v1/me/totp" });
    },
    renewRecoveryCodes: () =>
      json(recoveryCodesSchema, { method: "POST", path: "/api/v1/me/recovery-codes" }),
    passkeyOptions: () => json(passkeyOptionsSchema, { method: "POST", path: "/api/v1/me/passkeys/options" }),
    addPasskey: async (body: PasskeyRegistration) => {
      await send({ method: "POST", path: "/api/v1/me/passkeys", body });
    },
    removePasskey: async (id: string) => {
      await send({ method: "DELETE", path: path`/api/v1/me/passkeys/${id}` });
    },
  };
}
