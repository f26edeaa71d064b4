import { z } from "zod";
import { idSchema, nameSchema, timestampSchema } from "./common.ts";
import { createFreezeSchema } from "./freezes.ts";
import { createGroupSchema, putDesiredSchema } from "./groups.ts";
import { API_VERSION, createOperationSchema } from "./operations.ts";
import { rolloutRequestSchema } from "./rollouts.ts";
import { createSourceSchema } from "./sources.ts";
import { createWebhookSchema, webhookFilterSchema } from "./webhooks.ts";

// Documents that `muster apply` takes. Each is what the API takes for the same thing, and nothing is said here twice.

function documentOf<Kind extends string, Spec extends z.ZodType, Name extends z.ZodType>(
  kind: Kind,
  { name, spec }: { readonly name: Name; readonly spec: Spec },
) {
  return z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(kind),
    metadata: z.strictObject({ name }),
    spec,
  });
}

/** A moment as people write it, with its offset, besides milliseconds. */
const timeSchema = z.preprocess((value) => {
  const text = z.iso.datetime({ offset: true }).safeParse(value);
  return text.success ? Date.parse(text.data) : value;
}, timestampSchema.describe("`2030-12-20T00:00:00Z`, or milliseconds since 1970."));

/** Where a secret is, so that it does not stand in the document. */
export const secretRefSchema = z
  .strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
      .optional(),
    file: z.string().min(1).max(4096).optional(),
  })
  .refine(({ env, file }) => (env === undefined) !== (file === undefined), {
    error: "must have either env or file",
  });
export type SecretRef = z.infer<typeof secretRefSchema>;

const groupSpecSchema = createGroupSchema
  .omit({ name: true })
  .extend({
    members: z.array(idSchema).max(10_000).optional().describe("Exactly these agents; not with a rule."),
    desired: z
      .array(putDesiredSchema.omit({ revision: true }).extend({ product: nameSchema }))
      .max(100)
      .optional(),
  })
  .refine(({ rule, members }) => members === undefined || (rule ?? null) === null, {
    error: "must not be there beside a rule",
    path: ["members"],
  })
  .refine(({ desired = [] }) => new Set(desired.map(({ product }) => product)).size === desired.length, {
    error: "must not name a product twice",
    path: ["desired"],
  });

/** One schema for each kind, in the order in which they are applied. */
export const documentSchemas = {
  Source: documentOf("Source", {
    name: nameSchema,
    spec: z.strictObject({
      ...createSourceSchema.omit({ id: true, token: true }).shape,
      secretRef: secretRefSchema.optional(),
    }),
  }),
  Group: documentOf("Group", { name: nameSchema, spec: groupSpecSchema }),
  Freeze: documentOf("Freeze", {
    name: createFreezeSchema.shape.name,
    spec: createFreezeSchema.omit({ name: true }).extend({ from: timeSchema, until: timeSchema }),
  }),
  Webhook: documentOf("Webhook", {
    name: z.string().min(1).max(256).describe("Its description."),
    spec: z.strictObject({
      url: createWebhookSchema.shape.url,
      filter: z.strictObject(webhookFilterSchema.shape).optional(),
      enabled: z.boolean().optional(),
    }),
  }),
  Rollout: documentOf("Rollout", {
    name: nameSchema,
    spec: rolloutRequestSchema.omit({ name: true }).extend({ startAt: timeSchema.nullable().optional() }),
  }),
  MachineOperation: createOperationSchema.extend({ apiVersion: z.literal(API_VERSION) }),
} as const;

export type DocumentKind = keyof typeof documentSchemas;
export const DOCUMENT_KINDS = Object.keys(documentSchemas) as readonly DocumentKind[];
export type DocumentOf<Kind extends DocumentKind> = z.output<(typeof documentSchemas)[Kind]>;
export type AppliedDocument = { readonly [Kind in DocumentKind]: DocumentOf<Kind> }[DocumentKind];
