import { join } from "node:path";
import { assetNames, OPERATING_SYSTEMS } from "@muster/core";
import { sha256Hex } from "@muster/trust";
import { argument, repeated, usage } from "../arguments/usage.ts";
import { parseName, parseVersionArgument } from "../arguments/version.ts";
import { localCommand } from "../connection/commands.ts";
import { readSmallFile, readSmallFileIfAny, writeWholeFile } from "../files.ts";
import { rm } from "node:fs/promises";
import { formatBytes } from "../terminal/format.ts";
import { progressOn } from "../terminal/progress.ts";
import { reportOn } from "../terminal/report.ts";
import { table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { buildManifest, type BuiltManifest } from "./build-manifest.ts";

/** Archives that are uploaded need no address; this one can never exist (RFC 6761 §6.4). */
const NO_ADDRESS = "https://uploaded.invalid";
const NOTES_MAX_BYTES = 262_144;
const MANIFEST_FILE_MAX_BYTES = 16_777_216;

export function buildCommand(terminal: Terminal) {
  return localCommand("build")
    .description("write the manifest of a folder of archives named <product>_<version>_<os>_<arch>.tar.gz")
    .argument("<folder>", "folder with the archives; the manifest is written there too")
    .requiredOption(
      "--entrypoint <path>",
      "file of the archive that is started; <os>=<path> for one system; may be repeated",
      repeated(parseEntrypoint),
    )
    .option("--channel <name>", "channel of the release", argument(parseName), "stable")
    .option("--notes <text>", "what is new")
    .option("--notes-file <file>", "read what is new from a file")
    .option(
      "--floor <version>",
      "lowest version that may ever follow this one on a host",
      argument(parseVersionArgument),
    )
    .option(
      "--base-url <url>",
      "https address that the archives lie under; not needed for an upload",
      argument(parseBaseUrl),
    )
    .option("--product <name>", "choose among the archives", argument(parseName))
    .option("--version <version>", "choose among the archives", argument(parseVersionArgument))
    .option("--force", "replace a manifest of other content, and remove its signatures")
    .action(async (folder, options) => {
      const json = options.json ?? false;
      const release = {
        product: options.product,
        version: options.version,
        channel: options.channel,
        notes: await readNotes(options),
        floor: options.floor,
        entrypoints: new Map(options.entrypoint),
        baseUrl: options.baseUrl ?? NO_ADDRESS,
      };
      const built = await buildManifest(folder, release, progressOn(terminal, json));
      const path = join(folder, assetNames.manifest(built.manifest.product));
      await writeManifest(path, built.bytes, options.force ?? false);
      const result = describe(path, built);
      reportOn(terminal, json).result(result, () => {
        const head = `${built.manifest.product} ${built.manifest.version} (${built.manifest.channel})\n`;
        return head + artifactTable(terminal, result.artifacts) + `Wrote ${path}\n`;
      });
    });
}

function parseEntrypoint(text: string): readonly [string, string] {
  const [, os, path] = /^([a-z]+)=(.+)$/.exec(text) ?? [];
  if (os === undefined || path === undefined) return ["", text];
  if (!OPERATING_SYSTEMS.some((known) => known === os))
    throw usage(`Known systems are ${OPERATING_SYSTEMS.join(", ")}.`);
  return [os, path];
}

function parseBaseUrl(text: string): string {
  if (!URL.canParse(text) || new URL(text).protocol !== "https:") throw usage("Give an https address.");
  return text;
}

async function readNotes(options: {
  readonly notes?: string | undefined;
  readonly notesFile?: string | undefined;
}): Promise<string> {
  if (options.notesFile === undefined) return options.notes ?? "";
  if (options.notes !== undefined) throw usage("Give --notes or --notes-file, not both.");
  return new TextDecoder().decode(await readSmallFile(options.notesFile, NOTES_MAX_BYTES));
}

/** Signatures of other bytes would only mislead, so they go with the manifest that they were made for. */
async function writeManifest(path: string, bytes: Uint8Array, force: boolean): Promise<void> {
  const before = await readSmallFileIfAny(path, MANIFEST_FILE_MAX_BYTES);
  if (before !== null && sha256Hex(before) === sha256Hex(bytes)) return;
  if (before !== null && !force) {
    throw usage(
      "There is a manifest of other content already; use --force to replace it and its signatures.",
      { path },
    );
  }
  if (before !== null) await rm(`${path}.sig`, { force: true });
  await writeWholeFile(path, bytes, { replace: true });
}

function describe(path: string, { manifest, bytes }: BuiltManifest) {
  return {
    path,
    product: manifest.product,
    version: manifest.version,
    channel: manifest.channel,
    digest: sha256Hex(bytes),
    artifacts: manifest.artifacts.map(({ os, arch, sha256, size, files, entrypoint, url }) => ({
      os,
      arch,
      url,
      sha256,
      size,
      entrypoint,
      files: files.length,
    })),
  };
}

function artifactTable({ stdout }: Terminal, artifacts: ReturnType<typeof describe>["artifacts"]): string {
  return table(
    stdout,
    [
      { title: "PLATFORM", value: ({ os, arch }) => `${os}/${arch}` },
      { title: "SIZE", value: ({ size }) => formatBytes(size) },
      { title: "FILES", value: ({ files }) => files },
      { title: "ENTRYPOINT", value: ({ entrypoint }) => entrypoint },
      { title: "SHA-256", value: ({ sha256 }) => sha256 },
    ],
    artifacts,
  );
}
