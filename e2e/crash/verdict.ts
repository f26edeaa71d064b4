import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";
import {
  artifactFor,
  compareVersions,
  isVersion,
  manifestFile,
  outcomeDecoder,
  parse,
  readGenerations,
  versionFolder,
  type HostLayout,
  type JournalReading,
  type Outcome,
  type Version,
} from "@muster/core";
import { parseTrustAnchor, verifyManifest } from "@muster/trust";
import { PLATFORM } from "./host/release.ts";

/** Below every version of the scenarios. */
const NO_FLOOR = "0.0.0";

/** The version a link of the host points at; null for no link, or one to anything else. */
export function linkedVersion(link: string): Version | null {
  try {
    const version = /^versions\/(.+)$/.exec(readlinkSync(link))?.[1];
    return version !== undefined && isVersion(version) ? version : null;
  } catch (error) {
    return absent(error);
  }
}

export function readJournal({ journalA, journalB }: HostLayout): JournalReading {
  return readGenerations({ a: textAt(journalA), b: textAt(journalB) });
}

/** The floor that binds a host: the journal's; without a journal, what the version that is known to be good has set. */
export function floorOf(layout: HostLayout): Version {
  const reading = readJournal(layout);
  if (reading.kind === "read") return reading.journal.floor ?? NO_FLOOR;
  const good = linkedVersion(layout.lastGood) ?? linkedVersion(layout.current);
  return good === null ? NO_FLOOR : floorSetBy(layout, good);
}

/** What is wrong with the tree of a version, held against its signed manifest; nothing for a good one. */
export function treeProblems(layout: HostLayout, version: Version, anchor: Uint8Array): readonly string[] {
  const path = manifestFile(layout, version);
  try {
    const signed = { manifest: readFileSync(path), signatures: readFileSync(`${path}.sig`) };
    const { manifest } = verifyManifest(signed, parseTrustAnchor(anchor));
    const folder = versionFolder(layout, version);
    const { files } = artifactFor(manifest, PLATFORM);
    const listed = new Set(files.map((file) => file.path));
    return [
      ...files.flatMap((file) => {
        const sha256 = createHash("sha256")
          .update(readFileSync(join(folder, file.path)))
          .digest("hex");
        return sha256 === file.sha256 ? [] : [`${version}: ${file.path} has other content`];
      }),
      ...filesBelow(folder)
        .filter((found) => !listed.has(found))
        .map((found) => `${version}: ${found} is not in the manifest`),
    ];
  } catch (error) {
    return [`${version}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** The lowest floor that a host which runs a version may have. */
export function floorSetBy(layout: HostLayout, version: Version): Version {
  const text = textAt(manifestFile(layout, version)) ?? "{}";
  const { floor } = JSON.parse(text) as { readonly floor?: Version };
  return floor ?? NO_FLOOR;
}

/** The outcomes of one target: there may be one. */
export function outcomesOf({ outcomes }: HostLayout, target: string): readonly Outcome[] {
  return namesIn(outcomes)
    .map((name) => parse.decodeJson(outcomeDecoder, textAt(join(outcomes, name)) ?? "", "OUTCOME_INVALID"))
    .filter(({ targetId }) => targetId === target);
}

/** What an updater that has come to its end must not have left: work in progress, locks, halves of a replacement. */
export function leftovers(layout: HostLayout): readonly string[] {
  const { root, temporary, staging, run, versions } = layout;
  const work = [temporary, staging].flatMap((folder) => namesIn(folder).map((name) => join(folder, name)));
  const halves = below(root, new Set([run, versions, temporary, staging])).filter((path) =>
    /(?:\.new|\.restoring|\.replaced|\.lock(?:\..*)?)$/.test(path),
  );
  return [...work, ...halves].map((path) => `${relative(root, path)} is left over`);
}

export function notBelow(floor: Version, least: Version): boolean {
  return compareVersions(floor, least) >= 0;
}

export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch (error) {
    return absent(error) ?? [];
  }
}

function textAt(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return absent(error);
  }
}

function filesBelow(folder: string): readonly string[] {
  return below(folder, new Set())
    .filter((path) => !lstatSync(path).isDirectory())
    .map((path) => relative(folder, path));
}

function below(folder: string, except: ReadonlySet<string>): readonly string[] {
  return namesIn(folder).flatMap((name) => {
    const path = join(folder, name);
    if (except.has(path)) return [];
    return [path, ...(lstatSync(path).isDirectory() ? below(path, except) : [])];
  });
}

function absent(error: unknown): null {
  if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "EINVAL"))
    return null;
  throw error;
}
