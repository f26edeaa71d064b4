import { chdir, env } from "node:process";
import { artifactFor, asMusterError, MusterError, versionFolder, type Version } from "@muster/core";
import { becomeUser, payloadUser } from "../host/payload-user.ts";
import type { Host, Owner } from "../ports.ts";
import { prepareRoot } from "../root/prepare-root.ts";
import { commandOf, type Command } from "../versions/command.ts";
import { inspectTree } from "../versions/inspect-tree.ts";
import { keptManifest } from "../versions/kept-manifest.ts";
import { linkedVersion } from "../versions/links.ts";
import { startLine } from "../versions/output-tail.ts";
import { decideStart } from "./decide.ts";
import { START_HASH_BUDGET_BYTES } from "./observe.ts";

/** Everything a start of the payload needs. */
export interface Launch extends Command {
  readonly version: Version;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Null: as this process runs. */
  readonly user: Owner | null;
}

/**
 * Decides what is to run and prepares its start. What keeps the decision from being made or written down (a full disk, a
 * damaged folder) is said, and what `current` points at is started anyway. Throws `HOST_NO_VERSION`.
 */
export async function prepareLaunch(host: Host): Promise<Launch> {
  const version = await versionToStart(host);
  if (version === null) throw new MusterError("HOST_NO_VERSION", { root: host.layout.root });
  return launchOf(host, version);
}

/** Becomes the payload: the same process, with nothing of this program left in it. Never returns. */
export function becomePayload({ file, args, folder, env: variables, user }: Launch): never {
  if (user !== null) becomeUser(user);
  chdir(folder);
  if (process.execve === undefined) throw new Error("this Node cannot replace its process");
  return process.execve(file, [file, ...args], variables);
}

async function versionToStart(host: Host): Promise<Version | null> {
  try {
    prepareRoot(host);
    const decision = await decideStart(host);
    if (decision.kind === "no_version") return null;
    if (!decision.verified) {
      host.say(
        `TRUST_ANCHOR_INVALID: the signatures of ${decision.version} cannot be verified; starting it all the same`,
      );
    }
    host.say(startLine(decision.version, startNote(decision)));
    return decision.version;
  } catch (error) {
    const { code, message } = asMusterError(error);
    host.say(`${code}: ${message}`);
    return startAnyway(host);
  }
}

function startNote({ record }: Awaited<ReturnType<typeof decideStart>> & { readonly kind: "start" }): string {
  return record?.kind === "observed" ? ` (start ${record.probation.boots} on probation)` : "";
}

/** What can run as things are, without changing anything. */
function startAnyway(host: Host): Version | null {
  const trees = [host.layout.current, host.layout.lastGood]
    .map(linkedVersion)
    .flatMap((version) => (version === null ? [] : [inspectTree(host, version, START_HASH_BUDGET_BYTES)]));
  const found =
    trees.find(({ tree }) => tree === "intact") ?? trees.find(({ tree }) => tree === "unverified");
  if (found === undefined) return null;
  host.say(startLine(found.version, " (as it is)"));
  return found.version;
}

function launchOf(host: Host, version: Version): Launch {
  const { layout, nodePath, packageFolder, platform } = host;
  const kept = keptManifest(host, version);
  if (kept === null) throw new MusterError("HOST_NO_VERSION", { root: layout.root });
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
