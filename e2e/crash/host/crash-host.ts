import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hostLayout, type HostLayout } from "@muster/core";
import { start, type CommandLine, type Running } from "./process.ts";
import { keepPayloadRunning, type Service } from "./service.ts";

/** One boot of a host whose programs are real processes. */
export interface CrashHost {
  readonly layout: HostLayout;
  readonly bootId: string;
  /** The command line of the updater with these arguments, in this boot. */
  command(args: readonly string[]): CommandLine;
  updater(args: readonly string[]): Running;
  /** Starts what keeps the payload running. */
  startService(): Service;
}

export interface HostOptions {
  readonly root: string;
  /** The package's folder, with the updater in it. */
  readonly packageFolder: string;
  /** The Node that runs it. */
  readonly node: string;
}

/** The host in the boot that this machine is in. */
export function thisBoot(options: HostOptions, bootId: string): CrashHost {
  return host(options, bootId, []);
}

// The kernel tells the id of the boot in a file; a mount over it, seen by this process and its children only, is all
// it takes to be in another boot.
const IN_ANOTHER_BOOT = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"';

/** The host in its next boot: nothing of the boot before runs, and whatever is named after that one is stale. */
export async function nextBoot(options: HostOptions, folder: string): Promise<CrashHost> {
  const bootId = crypto.randomUUID();
  const file = join(folder, "boot-id");
  await writeFile(file, `${bootId}\n`);
  return host(options, bootId, ["unshare", "--mount", "sh", "-c", IN_ANOTHER_BOOT, file]);
}

function host(
  { root, packageFolder, node }: HostOptions,
  bootId: string,
  prefix: readonly string[],
): CrashHost {
  const layout = hostLayout(root);
  const program = join(packageFolder, "muster-updater.mjs");
  const command = (args: readonly string[]): CommandLine => {
    const own = [node, program, ...args, "--root", root] as const;
    const [file, ...options] = prefix;
    return file === undefined ? own : [file, ...options, ...own];
  };
  const updater = (args: readonly string[]) => start(command(args));
  return {
    layout,
    bootId,
    command,
    updater,
    startService: () => keepPayloadRunning({ layout, bootId, launch: () => updater(["launch"]) }),
  };
}
