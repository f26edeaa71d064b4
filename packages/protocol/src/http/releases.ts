import { z } from "zod";
import { nameSchema, pageOf, pageQuerySchema, timestampSchema, versionSchema } from "./common.ts";

export const releaseKeySchema = z.object({ product: nameSchema, version: versionSchema });

export const publishReleaseSchema = z.object({
  manifest: z.base64().max(4_000_000).describe("The manifest's exact bytes."),
  signatures: z.base64().max(200_000).describe("The content of the .sig file."),
  source: z
    .enum(["url", "upload"])
    .describe(
      "`url`: the server fetches each artifact from its address. `upload`: the caller sends each one next.",
    ),
});
export type PublishRelease = z.infer<typeof publishReleaseSchema>;

export const releaseArtifactSchema = z.object({
  os: z.string(),
  arch: z.string(),
  sha256: z.string(),
  size: z.int(),
  mirrored: z.boolean(),
  mirroredBytes: z.int(),
});

export const releaseStateSchema = z.enum(["draft", "mirroring", "ready", "yanked", "failed"]);

export const releaseSchema = z
  .object({
    product: z.string(),
    version: z.string(),
    channel: z.string(),
    notes: z.string(),
    floor: z.string().nullable(),
    manifestDigest: z.string(),
    state: releaseStateSchema,
    code: z.string().nullable().describe("Error code of a failed mirroring."),
    message: z.string().nullable(),
    publishedAt: timestampSchema,
    publishedBy: z.string(),
    signedBy: z.array(z.string()).describe("Names of the trusted keys whose signatures were verified."),
    origin: z
      .object({ source: z.string(), tag: z.string() })
      .nullable()
      .describe("The source it was imported from; null: published by hand."),
    artifacts: z.array(releaseArtifactSchema),
  })
  .meta({ id: "Release" });
export type ReleaseView = z.infer<typeof releaseSchema>;

export const releaseListQuerySchema = pageQuerySchema.extend({ product: nameSchema.optional() });
export const releasePageSchema = pageOf(releaseSchema);

export const artifactKeySchema = releaseKeySchema.extend({
  os: z.string().max(16),
  arch: z.string().max(16),
});
export const yankReleaseSchema = z.object({ why: z.string().min(1).max(1024) });
