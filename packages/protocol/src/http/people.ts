import { ROLES } from "@muster/core";
import { z } from "zod";
import { idSchema, nameSchema, pageOf, pageQuerySchema } from "./common.ts";

/** A role in the whole fleet, or in one group. */
export const grantSchema = z.object({
  role: z.enum(ROLES),
  groupId: idSchema.nullable().describe("Null: the whole fleet."),
});
export type GrantView = z.infer<typeof grantSchema>;

const NAME = /^[a-z0-9][a-z0-9._@+-]{0,63}$/;
/** A name of a new user. Ids of users begin with `usr_`, so that a path can take either. */
export const userNameSchema = z
  .string()
  .regex(NAME)
  .refine((name) => !name.startsWith("usr_"), "must not begin with usr_");
/** What somebody types; whether there is such a user is not said. */
export const signInNameSchema = z.string().min(1).max(128);
export const passwordSchema = z.string().min(1).max(1024);

export const userKeySchema = z.object({
  user: z.string().regex(NAME).describe("A user's id or name."),
});

export const userSchema = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  grants: z.array(grantSchema.extend({ source: z.enum(["manual", "oidc"]) })),
  disabled: z.boolean(),
  /** What the user can sign in with. */
  methods: z.object({
    password: z.boolean(),
    mustChangePassword: z.boolean(),
    totp: z.boolean(),
    passkeys: z.int(),
    oidc: z.boolean(),
  }),
  createdAt: z.int(),
  createdBy: z.string(),
  lastSignInAt: z.int().nullable(),
});
export type UserView = z.infer<typeof userSchema>;
export const userPageSchema = pageOf(userSchema);

export const createUserSchema = z.object({
  name: userNameSchema,
  email: z.email().max(254).optional(),
  grants: z.array(grantSchema).max(100).default([]),
  password: passwordSchema
    .optional()
    .describe("Left out, one is made that has to be changed at the first sign-in."),
});
export type CreateUser = z.input<typeof createUserSchema>;

/** A user beside the password that was made for them, which is shown only now. */
export const userWithPasswordSchema = userSchema.extend({ initialPassword: z.string().nullable() });

export const resetPasswordSchema = z.object({
  password: passwordSchema
    .optional()
    .describe("Left out, one is made that has to be changed at the next sign-in."),
  removeSecondFactors: z
    .boolean()
    .default(false)
    .describe("Also codes and passkeys: the person has lost them."),
});
export type ResetPassword = z.input<typeof resetPasswordSchema>;

export const setupSchema = z.object({
  token: z
    .string()
    .min(1)
    .max(256)
    .describe("The administrator's token, as the server's first start printed it."),
  name: userNameSchema,
  email: z.email().max(254).optional(),
  password: passwordSchema,
  endToken: z.boolean().default(false).describe("Whether the token is worth nothing from now on."),
});
export type Setup = z.input<typeof setupSchema>;

export const apiTokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  owner: z
    .object({ id: z.string(), name: z.string() })
    .nullable()
    .describe("Null: it belongs to the server."),
  grants: z.array(grantSchema).describe("As it was made; it never reaches further than its owner does."),
  createdAt: z.int(),
  createdBy: z.string().nullable(),
  expiresAt: z.int().nullable(),
  lastUsedAt: z.int().nullable().describe("To the minute."),
});
export type ApiTokenView = z.infer<typeof apiTokenSchema>;
export const apiTokenPageSchema = pageOf(apiTokenSchema);
export const createdApiTokenSchema = apiTokenSchema.extend({
  token: z.string().describe("The token itself; shown only now."),
});

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
export const createApiTokenSchema = z.object({
  name: nameSchema,
  grants: z.array(grantSchema).min(1).max(100),
  expiresInMs: z
    .int()
    .min(MINUTE_MS)
    .max(3650 * DAY_MS)
    .nullable()
    .default(90 * DAY_MS)
    .describe("Null: never."),
});
export type CreateApiToken = z.input<typeof createApiTokenSchema>;

/** Own ones unless told; others' are for administrators. */
export const peopleListQuerySchema = pageQuerySchema.extend({
  user: z.string().regex(NAME).optional().describe("Of this user, by id or name."),
  all: z.enum(["true", "false"]).optional().describe("`true`: of everybody."),
});

export const meSchema = z.object({
  user: userSchema,
  passkeys: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      createdAt: z.int(),
      lastUsedAt: z.int().nullable(),
    }),
  ),
  recoveryCodes: z.int().describe("How many are left."),
});
export type MeView = z.infer<typeof meSchema>;

export const changePasswordSchema = z.object({
  currentPassword: passwordSchema,
  newPassword: passwordSchema,
});
export type ChangePassword = z.input<typeof changePasswordSchema>;
export const codeSchema = z.object({ code: z.string().min(1).max(64) });
export const totpSecretSchema = z.object({
  secret: z.string().describe("For the authenticator app, in Base32."),
  uri: z.string().describe("The same for a QR code."),
});
export const recoveryCodesSchema = z.object({
  codes: z.array(z.string()).describe("Each signs in once in place of a code; shown only now."),
});
export const passkeyNameSchema = z.string().trim().min(1).max(64);
