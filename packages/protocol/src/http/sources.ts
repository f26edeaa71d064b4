import { z } from "zod";
import { nameSchema, pageOf, pageQuerySchema, timestampSchema } from "./common.ts";
import { releaseStateSchema } from "./releases.ts";

/** A part of a repository's address; never `.` or `..`, which would lead out of it. */
const repositoryPartSchema = z
  .string()
  .max(100)
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]+$/);
const tokenSchema = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^[!-~]+$/)
  .describe("Of the release host; it is never shown again, and goes to that host only.");
const hostSchema = z
  .string()
  .min(1)
  .max(260)
  .describe("Name of a Forgejo or Gitea host, with its port if that is not 443. GitHub's is github.com.");
/** What git allows as the name of a tag is less than this. */
const tagSchema = z
  .string()
  .min(1)
  .max(250)
  .regex(/^(?!.*\.\.)(?!\.)[^\s~^:?*[\\\u0000-\u001f\u007f]+$/)
  .describe("The release's tag.");
const assetNameSchema = z.string().min(1).max(255);

export const sourceKinds = ["github", "forgejo"] as const;
const sourceFields = { owner: repositoryPartSchema, repo: repositoryPartSchema, product: nameSchema };

export const sourceKeySchema = z.object({ id: nameSchema.describe("The source's name.") });

export const sourceSchema = z
  .object({
    id: nameSchema,
    kind: z.enum(sourceKinds),
    host: z.string(),
    ...sourceFields,
    hasToken: z.boolean(),
    createdAt: timestampSchema,
    createdBy: z.string(),
  })
  .meta({ id: "Source" });
export type SourceView = z.infer<typeof sourceSchema>;

export const createSourceSchema = z.object({
  id: nameSchema.optional().describe("What to call it; left out, as the product."),
  kind: z.enum(sourceKinds),
  host: hostSchema.optional(),
  ...sourceFields,
  token: tokenSchema.optional(),
});
export type CreateSource = z.infer<typeof createSourceSchema>;

/** Kind and host stay: a token that was given for one host is never sent to another. */
export const updateSourceSchema = z.object({
  owner: repositoryPartSchema.optional(),
  repo: repositoryPartSchema.optional(),
  product: nameSchema.optional(),
  token: tokenSchema.nullable().optional().describe("null removes it; left out, it stays."),
});
export type UpdateSource = z.infer<typeof updateSourceSchema>;

export const sourceListQuerySchema = pageQuerySchema;
export const sourcePageSchema = pageOf(sourceSchema);

/** Why a release of a source cannot be imported as it is. */
export const unreadyReasons = [
  "manifest_missing",
  "signature_missing",
  "manifest_too_large",
  "signature_too_large",
  "upload_incomplete",
  "yanked",
] as const;

export const sourceReleaseSchema = z.object({
  tag: z.string(),
  name: z.string(),
  version: z.string().nullable().describe("As the tag says; what counts is the signed manifest."),
  publishedAt: timestampSchema.nullable(),
  prerelease: z.boolean(),
  ready: z.boolean().describe("Whether it carries what an import by its tag alone needs."),
  reason: z.enum(unreadyReasons).nullable(),
  message: z.string().nullable().describe("The reason in words."),
  state: releaseStateSchema.nullable().describe("Of this version in Muster's own registry, if it is there."),
});
export type SourceReleaseView = z.infer<typeof sourceReleaseSchema>;

export const sourceReleasesSchema = z
  .object({
    items: z.array(sourceReleaseSchema).describe("The recent ones, newest first."),
    checkedAt: timestampSchema.describe("When the release host was last asked."),
    problem: z
      .object({ code: z.string(), message: z.string(), retryAfterMs: z.int().nullable() })
      .nullable()
      .describe("Why the host could not be asked now; the releases are those of the last time."),
  })
  .meta({ id: "SourceReleases" });
export type SourceReleasesView = z.infer<typeof sourceReleasesSchema>;

export const sourceReleasesQuerySchema = z.object({
  refresh: z
    .enum(["true", "false"])
    .optional()
    .describe("Asks the release host again, within the five minutes too."),
});

export const importReleaseSchema = z.object({
  tag: tagSchema,
  manifestAsset: assetNameSchema
    .optional()
    .describe(
      "Name of the manifest among the release's assets; left out, `<product>-release-manifest.json`.",
    ),
  signatureAsset: assetNameSchema
    .optional()
    .describe("Of its signature; left out, the manifest's and `.sig`."),
});
export type ImportRelease = z.infer<typeof importReleaseSchema>;
