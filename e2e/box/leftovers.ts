import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { cgroupTrees } from "./needs.ts";
import { removeGroups } from "./system.ts";

const PREFIX = "muster-box-";

/** A name for a box's folder and its control groups that says which process they belong to. */
export function ownName(name: string): string {
  return `${PREFIX}${process.pid}-${name}`;
}

/** A folder of this process for a box; nothing else is to be in it. */
export async function makeOwnFolder(name: string): Promise<string> {
  const folder = join(temporary(), ownName(name));
  await mkdir(folder);
  return folder;
}

/**
 * Removes the folders and control groups of test processes that were killed before they could. Their boxes' processes,
 * mounts and loop devices are gone already: the kernel ended them with the process that held them.
 */
export async function removeLeftovers(): Promise<void> {
  const groups = await Promise.all(cgroupTrees().map(({ path }) => readdir(path)));
  for (const name of new Set(groups.flat())) {
    if (await isLeft(name)) await removeGroups(name);
  }
  for (const name of await readdir(temporary())) {
    if (await isLeft(name)) await rm(join(temporary(), name), { recursive: true, force: true });
  }
}

async function isLeft(name: string): Promise<boolean> {
  if (!name.startsWith(PREFIX)) return false;
  const pid = Number.parseInt(name.slice(PREFIX.length), 10);
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return !command.includes("node");
}

function temporary(): string {
  return process.env["TMPDIR"] ?? "/tmp";
}
