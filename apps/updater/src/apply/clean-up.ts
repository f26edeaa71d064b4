import { isVersion, manifestFile, compareVersions, versionFolder, type Version } from "@muster/core";
import { ensureFolder, PASSABLE_FOLDER, removeTree } from "../fs/durable.ts";
import { entryAt, namesIn } from "../fs/reading.ts";
import { loadJournal } from "../journal/journal-store.ts";
import { isAbandonedLock } from "../lock/folder-lock.ts";
import { withJournalLock } from "../lock/journal-lock.ts";
import { pruneOutcomes } from "../outcomes/outcome-store.ts";
import type { Host } from "../ports.ts";
import { linkedVersion } from "../versions/links.ts";

/**
 * Removes what no update needs any more: temporary files, halves of replacements, versions beyond those that are kept,
 * their manifests and backups, acknowledged outcomes. Only for the one updater that is at work, while nothing is under
 * way.
 */
export async function cleanUp(host: Host): Promise<void> {
  await withJournalLock(host, () => {
    if (loadJournal(host).state.kind !== "steady") return;
    clearTemporary(host);
    clearHalves(host);
    pruneVersions(host);
    pruneOutcomes(host);
    for (const name of namesIn(host.layout.root)) {
      if (isAbandonedLock(host.processes, name)) removeTree(host.fs, `${host.layout.root}/${name}`);
    }
  });
}

/** Empties `tmp/`. */
export function clearTemporary({ fs, layout }: Host): void {
  for (const name of namesIn(layout.temporary)) removeTree(fs, `${layout.temporary}/${name}`);
}

/** Replacements that were cut off before their rename. Nobody is making one: they are all made with the lock that is held. */
function clearHalves({ fs, layout }: Host): void {
  const { current, lastGood, journalA, journalB, manifests, outcomes, setAside } = layout;
  for (const path of [current, lastGood, journalA, journalB]) removeTree(fs, `${path}.new`);
  for (const folder of [manifests, outcomes, setAside]) {
    for (const name of namesIn(folder)) if (name.endsWith(".new")) removeTree(fs, `${folder}/${name}`);
  }
}

function pruneVersions(host: Host): void {
  const { fs, layout } = host;
  const kept = keptVersions(host);
  ensureFolder(fs, layout.temporary, PASSABLE_FOLDER);
  for (const version of namesIn(layout.versions).filter(isVersion)) {
    if (kept.has(version)) continue;
    // Gone in one step, so that there is never half a version in `versions/`.
    const going = `${layout.temporary}/gone-${version}`;
    fs.rename(versionFolder(layout, version), going);
    fs.syncFolder(layout.versions);
    removeTree(fs, going);
  }
  for (const name of namesIn(layout.manifests)) {
    const version = name.replace(/\.json(?:\.sig)?(?:\.new)?$/, "");
    if (!kept.has(version)) removeTree(fs, `${layout.manifests}/${name}`);
  }
  for (const version of namesIn(layout.backups)) {
    if (!kept.has(version)) removeTree(fs, `${layout.backups}/${version}`);
  }
}

/** What runs, what a rollback returns to, and the newest others; versions this host has rolled back give way first. */
function keptVersions(host: Host): ReadonlySet<Version> {
  const { layout, keepVersions } = host;
  const current = linkedVersion(layout.current);
  const lastGood = linkedVersion(layout.lastGood);
  const bad = new Set(loadJournal(host).bad.map(({ version }) => version));
  const others = namesIn(layout.versions)
    .filter((version) => isVersion(version) && version !== current && !bad.has(version))
    .filter((version) => entryAt(manifestFile(layout, version)) !== null)
    .toSorted((a, b) => Number(b === lastGood) - Number(a === lastGood) || compareVersions(b, a));
  const links = [current, lastGood].filter((version) => version !== null);
  return new Set([...links, ...others.slice(0, keepVersions)]);
}
