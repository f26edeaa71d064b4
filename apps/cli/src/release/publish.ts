import { Buffer } from "node:buffer";
import { join } from "node:path";
import { assetNames, MusterError, parseManifest, type Manifest } from "@muster/core";
import type { Client, ReleaseView } from "@muster/protocol/http";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { progressOn, type Progress } from "../terminal/progress.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { findRelease, readManifestFile, readSignatureFile } from "./release-files.ts";
import { describeRelease } from "./release-text.ts";
import { uploadBody } from "./upload-body.ts";
import { checkArchives } from "./verify.ts";
import { noWaitOption, waitTimeoutOption, waitUntilReady } from "./wait-until-ready.ts";

export function publishCommand(terminal: Terminal) {
  return serverCommand("publish")
    .description("give a signed release to the server, with its archives, and wait until it is ready")
    .argument("<release>", "the release's folder, or its manifest")
    .option("--from-url", "let the server fetch the archives from the manifest's addresses")
    .option("--no-check", "do not hold the archives against the manifest first: the server does it anyway")
    .addOption(noWaitOption())
    .addOption(waitTimeoutOption())
    .action(async (path, options) => {
      const json = options.json ?? false;
      const files = await findRelease(path);
      const bytes = await readManifestFile(files);
      const manifest = parseManifest(bytes);
      const signatures = await readSignatureFile(files);
      const progress = progressOn(terminal, json);
      const client = await connect(options, terminal);
      const fromUrl = options.fromUrl ?? false;
      if (!fromUrl && options.check) await requireArchives(files.folder, manifest, progress);
      const published = await client.releases.publish({
        manifest: Buffer.from(bytes).toString("base64"),
        signatures: Buffer.from(signatures).toString("base64"),
        source: fromUrl ? "url" : "upload",
      });
      const uploading = { client, folder: files.folder, manifest, progress, signal: terminal.signal };
      const uploaded = fromUrl ? published : await uploadArchives(published, uploading);
      const waiting = { client, progress, timeoutMs: options.timeout, terminal };
      const release = options.wait ? await waitUntilReady(uploaded, waiting) : uploaded;
      reportOn(terminal, json).result(release, () => describeRelease(terminal.stdout, release));
    });
}

async function requireArchives(folder: string, manifest: Manifest, progress: Progress): Promise<void> {
  const checked = await checkArchives(folder, manifest, progress);
  const missing = checked.filter(({ present }) => !present).map(({ archive }) => archive);
  if (missing.length > 0) {
    throw new MusterError("FILE_NOT_READABLE", {
      problem: "archives of the manifest are not in the folder",
      missing,
    });
  }
}

interface Upload {
  readonly client: Client;
  readonly folder: string;
  readonly manifest: Manifest;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Sends the archives that the server has not got yet, one after the other. */
async function uploadArchives(release: ReleaseView, { client, folder, manifest, progress, signal }: Upload) {
  let latest = release;
  const { product, version } = manifest;
  for (const { os, arch, size, mirrored } of release.artifacts) {
    if (mirrored) continue;
    const core = manifest.artifacts.find((artifact) => artifact.os === os && artifact.arch === arch);
    if (!core) continue;
    const name = assetNames.archive(product, version, core);
    progress.begin(`upload ${name}`, size);
    const body = uploadBody(join(folder, name), progress.advance);
    latest = await client.releases.upload({ product, version, os, arch }, body, { signal });
  }
  progress.finish();
  return latest;
}
