import { statSync } from "node:fs";
import type { Owner } from "../ports.ts";

/**
 * Who the payload runs as: the owner of the agent's folder. Null: as this process does, because that is its own folder or
 * because only root can become somebody else.
 */
export function payloadUser(runFolder: string): Owner | null {
  const stats = statSync(runFolder, { throwIfNoEntry: false });
  if (process.getuid?.() !== 0 || stats === undefined || stats.uid === 0) return null;
  return { uid: stats.uid, gid: stats.gid };
}

/** Becomes that user for good, with no group besides its own. */
export function becomeUser({ uid, gid }: Owner): void {
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}
