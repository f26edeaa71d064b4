import { z } from "zod";

/** Problem details (RFC 9457), with Muster's code and help. */
export const problemSchema = z
  .object({
    type: z.string().describe("Address of the code's documentation."),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe("Stable error code; branch on this."),
    help: z.string().describe("The way out."),
    retryable: z.boolean(),
    instance: z.string().optional(),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof problemSchema>;

export const idSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
export const nameSchema = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/);
export const versionSchema = z.string().min(5).max(64).describe("Semantic version without a leading v.");
export const timestampSchema = z.int().nonnegative().describe("Milliseconds since 1970.");
export const labelsSchema = z.record(z.string().max(63), z.string().max(128));

/** Query of every list: a page and where it begins. */
export const pageQuerySchema = z.object({
  cursor: z.string().max(512).optional().describe("`nextCursor` of the page before."),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** A page of a list. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().nullable(),
    total: z.int().describe("How many match, on all pages."),
  });
}
