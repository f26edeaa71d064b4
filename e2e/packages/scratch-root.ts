import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { run, runOk, type CommandLine, type Result } from "../box/run.ts";

/** Has a mount namespace of its own, and holds it until it is told to end. */
const HOLDER = `
  mount -t tmpfs tmpfs "$1"
  mkdir "$1/upper" "$1/work" "$1/root"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
  rm -f "$1/root/usr/sbin/policy-rc.d"
  mount --rbind /dev "$1/root/dev"
  mount --rbind /proc "$1/root/proc"
  mount -t tmpfs tmpfs "$1/root/run"
  mount -t tmpfs tmpfs "$1/root/tmp"
  eval "$2"
`;

/** What a package manager is to do in a root of its own: this machine's system, with nothing of it changed for good. */
export async function inScratchRoot(
  folder: string,
  { script, files }: { readonly script: string; readonly files: Readonly<Record<string, string>> },
): Promise<Result> {
  const room = join(folder, "scratch");
  await mkdir(room, { recursive: true });
  const variables = Object.entries({ ...files, ROOT: `${room}/root` }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const command: CommandLine = [
    "env",
    ...variables,
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "sh",
    "-eu",
    "-c",
    HOLDER,
    "sh",
    room,
    script,
  ];
  return run(command, { timeoutMs: 120_000 });
}

/** Whether this process may make one. */
export async function canMakeScratchRoots(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  try {
    await runOk(["unshare", "--mount", "true"]);
    await runOk(["rpm", "--version"]);
    return true;
  } catch {
    return false;
  }
}
