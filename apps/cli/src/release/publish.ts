import { Buffer } from "node:buffer";
import { join } from "node:path";
import { Option } from "@commander-js/extra-typings";
import { assetNames, isErrorCode, MusterError, parseManifest, type Manifest } from "@muster/core";
import type { Client, ReleaseView } from "@muster/protocol/http";
import { parseDuration } from "../arguments/duration.ts";
import { argument } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { progressOn, type Progress } from "../terminal/progress.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { findRelease, readManifestFile, readSignatureFile } from "./release-files.ts";
import { describeRelease } from "./release-text.ts";
import { uploadBody } from "./upload-body.ts";
import { checkArchives } from "./verify.ts";

const POLL_MS = 500;

export function publishCommand(terminal: Terminal) {
  return serverCommand("publish")
    .description("give a signed release to the server, with its archives, and wait until it is ready")
    .argument("<release>", "the release's folder, or its manifest")
    .option("--from-url", "let the server fetch the archives from the manifest's addresses")
    .option("--no-check", "do not hold the archives against the manifest first: the server does it anyway")
    .option("--no-wait", "do not wait until the release is ready")
    .addOption(
      new Option("--timeout <duration>", "how long to wait")
        .argParser(argument(parseDuration))
        .default(30 * 60_000, "30m"),
    )
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
      const limit = terminal.now() + options.timeout;
      const release = options.wait
        ? await waitUntilReady(uploaded, { client, progress, limit, terminal })
        : uploaded;
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

interface Waiting {
  readonly client: Client;
  readonly progress: Progress;
  /** Milliseconds since 1970. */
  readonly limit: number;
  readonly terminal: Terminal;
}

async function waitUntilReady(release: ReleaseView, { client, progress, limit, terminal }: Waiting) {
  const total = release.artifacts.reduce((sum, { size }) => sum + size, 0);
  let latest = release;
  let begun = false;
  while (latest.state === "draft" || latest.state === "mirroring") {
    if (terminal.now() > limit) {
      throw new MusterError("RELEASE_NOT_READY", { version: latest.version, state: latest.state });
    }
    if (!begun) progress.begin("mirror", total);
    begun = true;
    progress.advance(latest.artifacts.reduce((sum, { mirroredBytes }) => sum + mirroredBytes, 0));
    await terminal.wait(POLL_MS, terminal.signal);
    latest = await client.releases.get(latest, { signal: terminal.signal });
  }
  progress.finish();
  if (latest.state !== "ready") throw failureOf(latest);
  return latest;
}

function failureOf({ product, version, state, code, message }: ReleaseView): MusterError {
  const known = isErrorCode(code) ? code : state === "yanked" ? "RELEASE_YANKED" : "RELEASE_NOT_READY";
  return new MusterError(known, {
    release: `${product} ${version}`,
    state,
    ...(message !== null && { problem: message }),
  });
}
