import { ROLES } from "@muster/core";
import { z } from "zod";
import { pageOf } from "./common.ts";
import { grantSchema, passkeyNameSchema, passwordSchema, signInNameSchema } from "./people.ts";

/** How a session's secret travels: a cookie that no page can read, or in the answer, for programs. */
const carrierSchema = z.enum(["cookie", "bearer"]);

/** Sign-in of a browser: an API token becomes an HttpOnly cookie, so that event streams carry it too. */
export const signInSchema = z.object({ token: z.string().min(1).max(256) });

export const passwordSignInSchema = z.object({
  name: signInNameSchema,
  password: passwordSchema,
  code: z.string().max(64).optional().describe("From the authenticator app, or a recovery code."),
  newPassword: passwordSchema.optional().describe("When the old one has to be changed."),
  carrier: carrierSchema.default("cookie"),
});
export type PasswordSignIn = z.input<typeof passwordSignInSchema>;

const base64url = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[A-Za-z0-9_-]+=*$/);
const credentialSchema = <Response extends z.ZodType>(response: Response) =>
  z.object({ id: base64url(1400), rawId: base64url(1400), type: z.literal("public-key"), response });

/** What `navigator.credentials.get` gives, as its `toJSON` writes it (WebAuthn Level 3, §5.1). */
export const passkeyAnswerSchema = z.object({
  challenge: base64url(128).describe("As it came with the options."),
  credential: credentialSchema(
    z.object({
      clientDataJSON: base64url(8192),
      authenticatorData: base64url(8192),
      signature: base64url(8192),
      userHandle: base64url(128).nullish(),
    }),
  ),
});
export type PasskeyAnswer = z.input<typeof passkeyAnswerSchema>;

/** What `navigator.credentials.create` gives. */
export const passkeyRegistrationSchema = z.object({
  challenge: base64url(128).describe("As it came with the options."),
  name: passkeyNameSchema.describe("By which its owner knows it again."),
  credential: credentialSchema(
    z.object({
      clientDataJSON: base64url(8192),
      attestationObject: base64url(65_536),
      transports: z.array(z.string().max(32)).max(10).optional(),
    }),
  ),
});
export type PasskeyRegistration = z.input<typeof passkeyRegistrationSchema>;

export const passkeyOptionsSchema = z.object({
  challenge: z.string().describe("Names this attempt; send it back with the answer."),
  options: z.record(z.string(), z.unknown()).describe("For `navigator.credentials`, as JSON."),
});
export type PasskeyOptions = z.infer<typeof passkeyOptionsSchema>;

export const sessionSchema = z.object({
  actor: z.string(),
  role: z.enum(ROLES).nullable().describe("In the whole fleet; null: only in groups, or none."),
  grants: z.array(grantSchema).describe("Every role held now, as far as these credentials reach."),
  userId: z.string().nullable().describe("Null: the credentials belong to no user."),
  expiresAt: z.int().nullable(),
});
export type SessionView = z.infer<typeof sessionSchema>;

export const begunSessionSchema = sessionSchema.extend({
  secret: z
    .string()
    .nullable()
    .describe("To send as `Authorization: Bearer …`; null where a cookie carries it."),
});

export const signInMethodsSchema = z.object({
  setup: z.boolean().describe("Whether there is no user yet; the server's token makes the first."),
  oidc: z.object({ name: z.string() }).nullable(),
});
export type SignInMethods = z.infer<typeof signInMethodsSchema>;

/** A session as lists show it. */
export const sessionItemSchema = z.object({
  id: z.string(),
  actor: z.string(),
  userId: z.string().nullable(),
  method: z.enum(["token", "password", "passkey", "oidc"]),
  carrier: carrierSchema,
  address: z.string(),
  userAgent: z.string(),
  createdAt: z.int(),
  lastSeenAt: z.int(),
  expiresAt: z.int(),
  current: z.boolean().describe("Whether it is the one that asks."),
});
export type SessionItem = z.infer<typeof sessionItemSchema>;
export const sessionPageSchema = pageOf(sessionItemSchema);
