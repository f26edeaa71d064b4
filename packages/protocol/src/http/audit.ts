import { z } from "zod";
import { pageOf, pageQuerySchema, timestampSchema } from "./common.ts";

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);

export const auditRecordSchema = z
  .object({
    sequence: z.int().describe("1, 2, 3 …, without a gap."),
    at: timestampSchema,
    actor: z.object({
      kind: z.enum(["user", "token", "agent", "system", "anonymous"]),
      name: z.string(),
      id: z.string().nullable(),
    }),
    action: z.string().describe("`rollout.pause`, `token.create`, `group.upgrade.complete` …"),
    resource: z.object({ kind: z.string(), id: z.string() }).nullable(),
    details: z.record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string()).readonly()]),
    ),
    from: z
      .object({
        address: z.string(),
        userAgent: z.string().nullable(),
        credential: z.string().nullable().describe("`session:<id>` or `token:<id>`."),
      })
      .nullable()
      .describe("Null: from inside the server."),
    previousHash: hashSchema,
    hash: hashSchema.describe(
      "SHA-256 over the canonical JSON (RFC 8785) of all the above, with `schema: 1`.",
    ),
  })
  .meta({ id: "AuditRecord" });
export type AuditRecordView = z.infer<typeof auditRecordSchema>;
export const auditPageSchema = pageOf(auditRecordSchema);

export const auditFilterSchema = z.object({
  actor: z.string().min(1).max(128).optional().describe("Name of who did it."),
  action: z.string().min(1).max(128).optional().describe("An action, or its beginning and `*`: `rollout.*`."),
  resource: z.string().min(1).max(640).optional().describe("A kind, or `kind/id`: `rollout/01j…`."),
  since: z.coerce.number().int().nonnegative().optional().describe("Milliseconds since 1970; from this on."),
  until: z.coerce.number().int().nonnegative().optional().describe("Before this."),
});
export type AuditFilterQuery = z.input<typeof auditFilterSchema>;
export const auditListQuerySchema = pageQuerySchema.extend(auditFilterSchema.shape);
export const auditExportQuerySchema = auditFilterSchema.extend({
  format: z.enum(["csv", "ndjson"]).default("ndjson"),
});
export type AuditExportQuery = z.input<typeof auditExportQuerySchema>;

/** The end of the chain, as `muster audit head` prints it. */
export const auditHeadSchema = z
  .object({ sequence: z.int().nonnegative(), hash: hashSchema })
  .meta({ id: "AuditHead" });

export const auditVerifyQuerySchema = z.object({
  expect: z
    .string()
    .regex(/^\d{1,15}:[0-9a-f]{64}$/)
    .optional()
    .describe("A head that was noted before, `<sequence>:<hash>`."),
});

export const auditVerificationSchema = z
  .discriminatedUnion("kind", [
    z.object({
      kind: z.literal("intact"),
      head: auditHeadSchema,
      from: auditHeadSchema.describe("What the first record that is left follows."),
      checked: z.int(),
      anchor: z
        .enum(["none", "met", "pruned"])
        .describe("Whether the expected head was found; `pruned`: it is older than what is left."),
    }),
    z.object({
      kind: z.literal("broken"),
      sequence: z.int().describe("Of the first record that is wrong or missing."),
      problem: z.string(),
      checked: z.int().describe("Records before it that are right."),
    }),
  ])
  .meta({ id: "AuditVerification" });
export type AuditVerificationView = z.infer<typeof auditVerificationSchema>;
