import { raiseFloor } from "@muster/core";
import { pointLink } from "../fs/durable.ts";
import { stageRelease } from "../install/stage-release.ts";
import { loadJournal, writeJournal } from "../journal/journal-store.ts";
import type { Host } from "../ports.ts";
import { linkTo } from "../versions/links.ts";
import type { SeedSource } from "./packaged-seed.ts";

/**
 * Installs a release, verified like any other, and points `current` at it. For a host that has nothing to run; call it
 * with the journal's lock held. Throws the codes of `stageRelease`.
 */
export async function installSeed(host: Host, { release, archive, version }: SeedSource): Promise<void> {
  await stageRelease(host, { release, archive, area: "seed" });
  const journal = loadJournal(host);
  const raised = raiseFloor(journal, release.manifest.floor ?? null);
  if (raised !== journal) writeJournal(host, raised);
  pointLink(host.fs, host.layout.current, linkTo(version));
}
