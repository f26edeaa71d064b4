import { readdir, readFile } from "node:fs/promises";

export interface HostProcess {
  readonly pid: number;
  readonly command: readonly string[];
}

/**
 * Every process on this machine that belongs to a host's state folder: it names the folder, or a place below it, in its
 * arguments or has it as its `MUSTER_ROOT`, which what it starts inherits. Reads /proc; Linux only.
 */
export async function processesOf(root: string): Promise<readonly HostProcess[]> {
  const entries = await readdir("/proc");
  const found = await Promise.all(
    entries.filter((name) => /^\d+$/.test(name)).map((name) => processAt(Number(name), root)),
  );
  return found.filter((process) => process !== null);
}

async function processAt(pid: number, root: string): Promise<HostProcess | null> {
  const command = await fields(`/proc/${pid}/cmdline`);
  const environment = await fields(`/proc/${pid}/environ`);
  const isOfRoot = (text: string) => text === root || text.startsWith(`${root}/`);
  const belongs = command.some(isOfRoot) || environment.includes(`MUSTER_ROOT=${root}`);
  return belongs ? { pid, command } : null;
}

async function fields(path: string): Promise<readonly string[]> {
  try {
    return (await readFile(path, "utf8")).split("\0").slice(0, -1);
  } catch (error) {
    // It has ended meanwhile (ESRCH when it ends while it is read), or is another user's.
    const gone = ["ENOENT", "ESRCH", "EACCES"];
    if (error instanceof Error && "code" in error && gone.includes(String(error.code))) return [];
    throw error;
  }
}
