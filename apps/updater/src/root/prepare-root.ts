import { mkdirSync } from "node:fs";
import { ensureFolder, PASSABLE_FOLDER, PRIVATE_FOLDER, READABLE_FOLDER } from "../fs/durable.ts";
import type { Host } from "../ports.ts";

/** Makes the folders of the state folder that are not there yet; those that are, stay as they are. Idempotent. */
export function prepareRoot({ fs, layout }: Pick<Host, "fs" | "layout">): void {
  mkdirSync(layout.root, { recursive: true });
  const folders: readonly (readonly [string, number])[] = [
    [layout.versions, READABLE_FOLDER],
    [layout.manifests, READABLE_FOLDER],
    [layout.outcomes, READABLE_FOLDER],
    [layout.backups, PRIVATE_FOLDER],
    [layout.temporary, PASSABLE_FOLDER],
    [layout.config, READABLE_FOLDER],
    [layout.identity, PRIVATE_FOLDER],
    [layout.staging, PRIVATE_FOLDER],
    [layout.run, READABLE_FOLDER],
    [`${layout.root}/log`, READABLE_FOLDER],
  ];
  for (const [folder, mode] of folders) ensureFolder(fs, folder, mode);
}
