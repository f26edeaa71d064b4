import type { People } from "@muster/fleet";
import {
  changePasswordSchema,
  codeSchema,
  meSchema,
  passkeyOptionsSchema,
  passkeyRegistrationSchema,
  recoveryCodesSchema,
  totpSecretSchema,
} from "@muster/protocol/http";
import { z } from "zod";
import { callerOf } from "../actor.ts";
import type { App } from "../app.ts";
import type { AuthorizePorts } from "../authorize.ts";
import { answers, answersNothing } from "../route-schemas.ts";
import { requireParty } from "./session-routes.ts";

const TAGS = ["Own account"];
const CODES = "The recovery codes; they are shown only now.";
const passkeyKeySchema = z.object({
  id: z
    .string()
    .max(1400)
    .regex(/^[A-Za-z0-9_-]+$/),
});

interface MeRoutesPorts extends Pick<AuthorizePorts, "publicUrl"> {
  readonly people: Pick<People, "account" | "passkeys">;
}

/** What users do for themselves; whoever is signed in as a user may. */
export function meRoutes(app: App, ports: MeRoutesPorts): void {
  const { account } = ports.people;
  app.route({
    method: "GET",
    url: "/api/v1/me",
    config: { access: "signed_in" },
    schema: {
      operationId: "getMe",
      summary: "The user who asks, and what they sign in with",
      tags: TAGS,
      response: answers(meSchema, "The user."),
    },
    handler: (request) => account.read(callerOf(request)),
  });
  app.route({
    method: "POST",
    url: "/api/v1/me/password",
    config: { access: "signed_in", audit: "by_use_case" },
    schema: {
      operationId: "changePassword",
      summary: "Change the own password; the user's other sessions end",
      tags: TAGS,
      body: changePasswordSchema,
      response: answersNothing("It is changed."),
    },
    handler: async (request, reply) => {
      await account.changePassword(request.body, callerOf(request));
      return reply.code(204).send();
    },
  });
  totpRoutes(app, ports);
  passkeyRoutes(app, ports);
}

function totpRoutes(app: App, { people: { account } }: MeRoutesPorts): void {
  app.route({
    method: "POST",
    url: "/api/v1/me/totp",
    config: { access: "signed_in", audit: "by_use_case" },
    schema: {
      operationId: "beginTotp",
      summary: "Begin to sign in with codes of an authenticator app",
      tags: TAGS,
      response: answers(totpSecretSchema, "What the app needs; it is shown only now."),
    },
    handler: (request) => account.beginTotp(callerOf(request)),
  });
  app.route({
    method: "POST",
    url: "/api/v1/me/totp/confirm",
    config: { access: "signed_in", audit: "by_use_case" },
    schema: {
      operationId: "confirmTotp",
      summary: "Confirm the app with a code; codes are asked for from now on",
      tags: TAGS,
      body: codeSchema,
      response: answers(recoveryCodesSchema, CODES),
    },
    handler: async (request) => ({ codes: await account.confirmTotp(request.body.code, callerOf(request)) }),
  });
  app.route({
    method: "DELETE",
    url: "/api/v1/me/totp",
    config: { access: "signed_in", audit: "by_use_case" },
    schema: {
      operationId: "removeTotp",
      summary: "Sign in without codes again",
      tags: TAGS,
      response: answersNothing("No codes are asked for any more."),
    },
    handler: async (request, reply) => {
      await account.removeTotp(callerOf(request));
      return reply.code(204).send();
    },
  });
  app.route({
    method: "POST",
    url: "/api/v1/me/recovery-codes",
    config: { access: "signed_in", audit: "by_use_case" },
    schema: {
      operationId: "renewRecoveryCodes",
      summary: "Make new recovery codes; the old ones are void",
      tags: TAGS,
      response: answers(recoveryCodesSchema, CODES),
    },
    handler: async (request) => ({ codes: await account.renewRecoveryCodes(callerOf(request)) }),
  });
}

function passkeyRoutes(app: App, ports: MeRoutesPorts): void {
  const { account, passkeys } = ports.people;
  app.route({
    method: "POST",
    url: "/api/v1/me/passkeys/options",
    config: { access: "signed_in", audit: "by_use_case" },
    schema: {
      operationId: "beginPasskey",
      summary: "Begin to add a passkey",
      tags: TAGS,
      response: answers(passkeyOptionsSchema, "What to ask the device."),
    },
    handler: (request) => passkeys.beginAdding(callerOf(request), requireParty(ports, request)),
  });
  app.route({
    method: "POST",
    url: "/api/v1/me/passkeys",
    config: { access: "signed_in", audit: "by_use_case" },
    schema: {
      operationId: "addPasskey",
      summary: "Add a passkey",
      tags: TAGS,
      body: passkeyRegistrationSchema,
      response: answersNothing("It can be used from now on."),
    },
    handler: async (request, reply) => {
      await passkeys.add(request.body, callerOf(request), requireParty(ports, request));
      return reply.code(204).send();
    },
  });
  app.route({
    method: "DELETE",
    url: "/api/v1/me/passkeys/:id",
    config: { access: "signed_in", audit: "by_use_case" },
    schema: {
      operationId: "removePasskey",
      summary: "Remove a passkey",
      tags: TAGS,
      params: passkeyKeySchema,
      response: answersNothing("Nobody can sign in with it any more."),
    },
    handler: async (request, reply) => {
      await account.removePasskey(request.params.id, callerOf(request));
      return reply.code(204).send();
    },
  });
}
