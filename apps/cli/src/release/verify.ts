import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { assetNames, MusterError, type Artifact, type Manifest } from "@muster/core";
import { parseTrustAnchor, verifyManifest } from "@muster/trust";
import { localCommand } from "../connection/commands.ts";
import { exists, reading, readSmallFile, statFile } from "../files.ts";
import { progressOn, type Progress } from "../terminal/progress.ts";
import { reportOn } from "../terminal/report.ts";
import { table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { findRelease, readManifestFile, readSignatureFile } from "./release-files.ts";

const ANCHOR_MAX_BYTES = 65_536;

export function verifyCommand(terminal: Terminal) {
  return localCommand("verify")
    .description("check a release as a host would: its signatures, and the archives that lie beside it")
    .argument("<release>", "the release's folder, or its manifest")
    .requiredOption("--trust-anchor <file>", "keys to believe")
    .option("--require-archives", "fail if an archive of the manifest is not there")
    .action(async (path, options) => {
      const json = options.json ?? false;
      const release = await findRelease(path);
      const anchor = parseTrustAnchor(await readSmallFile(options.trustAnchor, ANCHOR_MAX_BYTES));
      const manifest = await readManifestFile(release);
      const verified = verifyManifest({ manifest, signatures: await readSignatureFile(release) }, anchor);
      const progress = progressOn(terminal, json);
      const archives = await checkArchives(release.folder, verified.manifest, progress);
      const missing = archives.filter(({ present }) => !present).map(({ archive }) => archive);
      if (options.requireArchives && missing.length > 0) {
        throw new MusterError("ARTIFACT_NOT_FOUND", { problem: "these archives are not there", missing });
      }
      const { product, version, channel } = verified.manifest;
      const { digest, signers } = verified;
      reportOn(terminal, json).result(
        { product, version, channel, digest, signers, threshold: anchor.threshold, archives },
        () =>
          `${product} ${version} (${channel}) is signed by ${signers.join(", ")}; ${anchor.threshold} needed\n` +
          archiveTable(terminal, archives),
      );
    });
}

export interface CheckedArchive {
  readonly os: string;
  readonly arch: string;
  readonly archive: string;
  readonly present: boolean;
}

/**
 * Holds each archive that is there against the manifest; `ARTIFACT_SIZE_MISMATCH` or `ARTIFACT_DIGEST_MISMATCH` at the
 * first that differs.
 */
export async function checkArchives(
  folder: string,
  manifest: Manifest,
  progress: Progress,
): Promise<readonly CheckedArchive[]> {
  const checked: CheckedArchive[] = [];
  for (const artifact of manifest.artifacts) {
    const archive = assetNames.archive(manifest.product, manifest.version, artifact);
    const path = join(folder, archive);
    const present = await exists(path);
    if (present) await checkArchive(path, artifact, progress);
    checked.push({ os: artifact.os, arch: artifact.arch, archive, present });
  }
  progress.finish();
  return checked;
}

async function checkArchive(path: string, { size, sha256 }: Artifact, progress: Progress): Promise<void> {
  const found = await statFile(path);
  if (found.size !== size) {
    throw new MusterError("ARTIFACT_SIZE_MISMATCH", { archive: path, expected: size, actual: found.size });
  }
  progress.begin(path, size);
  const actual = await reading(path, async () => {
    const hash = createHash("sha256");
    let done = 0;
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      progress.advance((done += chunk.byteLength));
    }
    return hash.digest("hex");
  });
  if (actual !== sha256)
    throw new MusterError("ARTIFACT_DIGEST_MISMATCH", { archive: path, expected: sha256, actual });
}

function archiveTable({ stdout }: Terminal, archives: readonly CheckedArchive[]): string {
  return table(
    stdout,
    [
      { title: "PLATFORM", value: ({ os, arch }) => `${os}/${arch}` },
      { title: "ARCHIVE", value: ({ archive }) => archive },
      {
        title: "CONTENT",
        value: ({ present }) => (present ? "as signed" : "not here"),
        style: ({ present }) => (present ? "green" : "yellow"),
      },
    ],
    archives,
  );
}
