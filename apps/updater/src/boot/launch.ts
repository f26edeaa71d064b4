import { chdir, env } from "node:process";
import { artifactFor, MusterError, versionFolder, type Version } from "@muster/core";
import { becomeUser, payloadUser } from "../host/payload-user.ts";
import type { Host, Owner } from "../ports.ts";
import { commandOf, type Command } from "../versions/command.ts";
import { keptManifest } from "../versions/kept-manifest.ts";
import { runnableVersion, versionToStart } from "./start-version.ts";

/** Everything a start of the payload needs. */
export interface Launch extends Command {
  readonly version: Version;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Null: as this process runs. */
  readonly user: Owner | null;
}

/** Decides what is to run, see `versionToStart`, and prepares its start. Throws `HOST_NO_VERSION`. */
export async function prepareLaunch(host: Host): Promise<Launch> {
  return launchOf(host, await versionToStart(host));
}

/**
 * Prepares the start of what was decided on a moment ago, by root: it changes nothing, so the payload's own user can do it.
 * Throws `HOST_NO_VERSION`.
 */
export function prepareDecidedLaunch(host: Host): Launch {
  return launchOf(host, runnableVersion(host, 0));
}

/** Becomes the payload: the same process, with nothing of this program left in it. Never returns. */
export function becomePayload({ file, args, folder, env: variables, user }: Launch): never {
  if (user !== null) becomeUser(user);
  chdir(folder);
  if (process.execve === undefined) throw new Error("this Node cannot replace its process");
  return process.execve(file, [file, ...args], variables);
}

function launchOf(host: Host, version: Version | null): Launch {
  const { layout, nodePath, packageFolder, platform } = host;
  const kept = version === null ? null : keptManifest(host, version);
  if (version === null || kept === null) throw new MusterError("HOST_NO_VERSION", { root: layout.root });
  const folder = versionFolder(layout, version);
  const { entrypoint } = artifactFor(kept.manifest, platform);
  return {
    ...commandOf(entrypoint, folder, nodePath),
    version,
    folder,
    user: payloadUser(layout.run),
    env: {
      ...inherited(),
      MUSTER_ROOT: layout.root,
      MUSTER_VERSION: version,
      MUSTER_PACKAGE_DIR: packageFolder,
    },
  };
}

function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
