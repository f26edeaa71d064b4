import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  assetNames,
  encodeManifest,
  MusterError,
  parseManifest,
  type Artifact,
  type Manifest,
  type Version,
} from "@muster/core";
import { usage } from "../arguments/usage.ts";
import { reading, statFile } from "../files.ts";
import type { Progress } from "../terminal/progress.ts";
import { readArchive } from "./archive-content.ts";
import { parseArchiveName, type ArchiveName } from "./archive-name.ts";

/** What a release is to say besides its archives. */
export interface ReleaseFacts {
  /** Chooses among the archives, where a folder holds several products or versions. */
  readonly product: string | undefined;
  readonly version: Version | undefined;
  readonly channel: string;
  readonly notes: string;
  readonly floor: Version | undefined;
  /** The file that is started, by operating system; the empty key is for all others. */
  readonly entrypoints: ReadonlyMap<string, string>;
  /** Address that the archives' names are put behind. */
  readonly baseUrl: string;
}

/** A manifest and its canonical bytes. */
export interface BuiltManifest {
  readonly manifest: Manifest;
  readonly bytes: Uint8Array;
}

/** Builds the manifest of the archives in a folder. */
export async function buildManifest(
  folder: string,
  release: ReleaseFacts,
  progress: Progress,
): Promise<BuiltManifest> {
  const archives = chooseArchives(await listArchives(folder), release);
  const [first] = archives;
  if (!first) throw usage("There is no such archive in this folder.", { folder });
  const artifacts: Artifact[] = [];
  for (const archive of archives)
    artifacts.push(await describeArtifact(folder, archive, { release, progress }));
  progress.finish();
  const manifest: Manifest = {
    schema: 1,
    product: first.product,
    version: first.version,
    channel: release.channel,
    notes: release.notes,
    ...(release.floor !== undefined && { floor: release.floor }),
    artifacts,
  };
  const bytes = encodeManifest(manifest);
  // What every reader will do with it, so that nothing is signed that nobody can read.
  return { manifest: parseManifest(bytes), bytes };
}

async function listArchives(folder: string): Promise<readonly ArchiveName[]> {
  const names = await reading(folder, () => readdir(folder));
  const archives = names.filter((name) => name.endsWith(".tar.gz"));
  if (archives.length === 0) throw usage("There are no .tar.gz archives in this folder.", { folder });
  return archives.toSorted().map(parseArchiveName);
}

function chooseArchives(
  all: readonly ArchiveName[],
  { product, version }: ReleaseFacts,
): readonly ArchiveName[] {
  const chosen = all.filter(
    (archive) =>
      (product ?? archive.product) === archive.product && (version ?? archive.version) === archive.version,
  );
  const releases = [...new Set(chosen.map((archive) => `${archive.product} ${archive.version}`))];
  if (releases.length > 1) {
    throw usage("The folder holds several releases; choose one with --product and --version.", {
      found: releases,
    });
  }
  return chosen.toSorted((a, b) => (`${a.os}/${a.arch}` < `${b.os}/${b.arch}` ? -1 : 1));
}

async function describeArtifact(
  folder: string,
  { product, version, os, arch }: ArchiveName,
  { release, progress }: { readonly release: ReleaseFacts; readonly progress: Progress },
): Promise<Artifact> {
  const name = assetNames.archive(product, version, { os, arch });
  const path = join(folder, name);
  progress.begin(name, (await statFile(path)).size);
  const { sha256, size, files } = await readArchive(path, progress.advance);
  const entrypoint = release.entrypoints.get(os) ?? release.entrypoints.get("");
  if (entrypoint === undefined) throw usage(`Say which file is started on ${os}, with --entrypoint.`);
  const file = files.find((candidate) => candidate.path === entrypoint);
  if (!file)
    throw new MusterError("MANIFEST_INVALID", { archive: name, problem: `it holds no file ${entrypoint}` });
  const runsOnNode = /\.[cm]?js$/.test(entrypoint);
  if (file.mode !== "0755" && !runsOnNode) {
    throw new MusterError("MANIFEST_INVALID", { archive: name, problem: `${entrypoint} is not executable` });
  }
  const url = `${release.baseUrl.replace(/\/+$/, "")}/${name}`;
  return { os, arch, url, sha256, size, format: "tar.gz", entrypoint, files };
}
