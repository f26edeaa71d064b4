import { mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ext4Disk, type Survival } from "./disks/ext4-disk.ts";
import type { CrashGround } from "./ground.ts";
import { cutOff, dropScenario, prepareScenario } from "./matrix.ts";
import type { Row } from "./row.ts";
import { scenarios } from "./scenarios.ts";

/** What two files hold after a power cut, null for none: one whose content was synced, and one whose content was not. */
export interface AfterPowerCut {
  readonly synced: string | null;
  readonly unsynced: string | null;
  /** A file that was replaced by one whose content was not synced. */
  readonly replaced: string | null;
}

/** Writes files with and without fsync on a disk that is then shut down: shows what such a shutdown takes. */
export async function powerCutFiles(ground: CrashGround, survival: Survival): Promise<AfterPowerCut> {
  const folder = join(ground.folder, crypto.randomUUID());
  const template = join(folder, "content", "state");
  await mkdir(template, { recursive: true });
  await writeFile(join(template, "replaced"), "old");
  const place = join(folder, "disk");
  await mkdir(place);
  const options = {
    template,
    folder: place,
    packageFolder: ground.barePackage,
    node: ground.node,
    bootId: ground.bootId,
  };
  const disk = await ext4Disk(survival).open(options);
  try {
    const { root } = disk.host.layout;
    await writeFile(join(root, "unsynced"), "unsynced");
    await writeFile(join(root, "replaced.new"), "new");
    await rename(join(root, "replaced.new"), join(root, "replaced"));
    await writeSynced(join(root, "synced"), "synced");
    await disk.crash();
    const after = (await disk.restart()).layout.root;
    const contentOf = (name: string) => readFile(join(after, name), "utf8").catch(() => null);
    return {
      synced: await contentOf("synced"),
      unsynced: await contentOf("unsynced"),
      replaced: await contentOf("replaced"),
    };
  } finally {
    await disk.close();
    await rm(folder, { recursive: true });
  }
}

async function writeSynced(path: string, content: string): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Cuts an update off whose updater forgets to sync: its hosts must be lost, or the matrix sees nothing. It tries the
 * points at which names survive whose content does not.
 */
export async function withoutSync(
  ground: CrashGround,
  options: { readonly stride: number; readonly jobs: number; readonly stop: AbortSignal },
): Promise<Row> {
  const omitted = ["fsync", "fdatasync"];
  const update = scenarios(ground).find(({ name }) => name === "an update to a good version");
  if (update === undefined) throw new Error("there is no such scenario");
  const prepared = await prepareScenario(update, ground, omitted);
  try {
    const row = await cutOff(prepared, ground, {
      ...options,
      layer: "power cut, names kept",
      omitted,
    });
    return { ...row, layer: "control", scenario: "an update that syncs nothing" };
  } finally {
    await dropScenario(prepared);
  }
}
