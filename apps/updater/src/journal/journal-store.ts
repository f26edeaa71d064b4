import { basename } from "node:path";
import {
  advanceJournal,
  compareVersions,
  encodeJournal,
  higherVersion,
  JOURNAL_MAX_BYTES,
  NEW_JOURNAL,
  raiseFloor,
  readGenerations,
  type HostEvent,
  type Journal,
  type JournalReading,
} from "@muster/core";
import {
  ensureFolder,
  pointLink,
  PRIVATE_FOLDER,
  READABLE_FILE,
  removeTree,
  writeDurably,
} from "../fs/durable.ts";
import { entryAt, readSmallText } from "../fs/reading.ts";
import type { Host } from "../ports.ts";
import { linkedVersion, linkTo } from "../versions/links.ts";
import { keptManifest } from "../versions/kept-manifest.ts";
import { inspectTree } from "../versions/inspect-tree.ts";

/** The journal as it is, without changing anything. */
export function readJournal({ layout }: Pick<Host, "layout">): JournalReading {
  return readGenerations({ a: generationText(layout.journalA), b: generationText(layout.journalB) });
}

/**
 * The journal to decide by. One that cannot be read is set aside and begun anew, so that it never keeps a host from
 * starting: the floor is what the signed manifests of the kept versions say, and the version that is known to be good
 * runs. Call it with the journal's lock held.
 */
export function loadJournal(host: Host): Journal {
  const reading = readJournal(host);
  if (reading.kind === "read") return reading.journal;
  const journal = raiseFloor(NEW_JOURNAL, floorOfManifests(host));
  if (reading.kind === "absent") return journal;
  host.say("HOST_STATE_CORRUPT: neither generation of the journal can be read; both are set aside");
  // First, so that a start that is cut off in between finds the damage again, and not a host without a journal.
  returnToLastGood(host, journal);
  setAside(host, host.layout.journalA);
  setAside(host, host.layout.journalB);
  return journal;
}

/** Writes an event down and gives the journal that has it. Call it with the journal's lock held. */
export function recordEvent(host: Host, event: HostEvent): Journal {
  return writeJournal(host, advanceJournal(loadJournal(host), event));
}

/** Writes a journal over the older of the two generations; the newer one stays whole until the new one is. */
export function writeJournal({ fs, layout }: Host, journal: Journal): Journal {
  const reading = readJournal({ layout });
  const older = reading.kind === "read" && reading.slot === "a" ? layout.journalB : layout.journalA;
  writeDurably(fs, older, new TextEncoder().encode(encodeJournal(journal)), READABLE_FILE);
  return journal;
}

function generationText(path: string): string | null {
  try {
    return readSmallText(path, { maxBytes: JOURNAL_MAX_BYTES });
  } catch {
    // Something that is no journal stands there: a damaged generation.
    return "";
  }
}

/** Keeps a damaged file for people to look at, and out of the way. */
export function setAside({ fs, layout }: Pick<Host, "fs" | "layout">, path: string): void {
  if (entryAt(path) === null) return;
  ensureFolder(fs, layout.setAside, PRIVATE_FOLDER);
  const kept = `${layout.setAside}/${basename(path)}`;
  removeTree(fs, kept);
  fs.rename(path, kept);
}

/** What an update that was under way had reached is lost with the journal, so `current` may not have proved itself. */
function returnToLastGood(host: Host, { floor }: Journal): void {
  const { fs, layout } = host;
  const lastGood = linkedVersion(layout.lastGood);
  if (lastGood === null || lastGood === linkedVersion(layout.current)) return;
  if (floor !== null && compareVersions(lastGood, floor) < 0) return;
  if (inspectTree(host, lastGood).tree === "intact") pointLink(fs, layout.current, linkTo(lastGood));
}

/** The highest floor that the manifests of `current` and `last-good` set: both were committed once, or nearly. */
function floorOfManifests(host: Host): string | null {
  const versions = [linkedVersion(host.layout.current), linkedVersion(host.layout.lastGood)];
  return versions
    .map((version) => (version === null ? null : (keptManifest(host, version)?.manifest.floor ?? null)))
    .reduce((highest, floor) => higherVersion(highest, floor), null);
}
