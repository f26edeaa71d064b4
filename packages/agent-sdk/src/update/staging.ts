import { readdir, rename } from "node:fs/promises";
import type { Handoff, HostLayout } from "@muster/core";
import type { SignedManifest } from "@muster/trust";
import {
  ensureFolder,
  errnoOf,
  hostStep,
  readIfThere,
  READABLE_FILE,
  removeFile,
  replaceFile,
  statIfThere,
  syncFolder,
} from "../host/files.ts";

const STAGED_MAX_BYTES = 4 * 1024 * 1024;
const DURABLE = { mode: READABLE_FILE, durable: true };

/** Where an archive grows; another archive grows elsewhere. */
export const partialArchive = ({ staging }: HostLayout, sha256: string) => `${staging}/${sha256}.part`;

/** Keeps the manifest and its signatures beside the archive to come; removes what is left of other archives. */
export async function prepareStaging(
  layout: HostLayout,
  signed: SignedManifest,
  sha256: string,
): Promise<void> {
  await ensureFolder(layout.staging);
  await clearStaging(layout, partialArchive(layout, sha256));
  await replaceFile(layout.stagedManifest, signed.manifest, DURABLE);
  await replaceFile(layout.stagedSignature, signed.signatures, DURABLE);
}

/** The manifest and signatures that stand in staging, or null. They are verified again by who uses them. */
export async function readStaged(layout: HostLayout): Promise<SignedManifest | null> {
  const [manifest, signatures] = await Promise.all([
    readIfThere(layout.stagedManifest, STAGED_MAX_BYTES),
    readIfThere(layout.stagedSignature, STAGED_MAX_BYTES),
  ]);
  return manifest === null || signatures === null ? null : { manifest, signatures };
}

/** Puts the whole, verified archive where the updater looks for it. */
export async function stageArchive(layout: HostLayout, sha256: string): Promise<void> {
  await hostStep(layout.stagedArchive, async () => {
    await rename(partialArchive(layout, sha256), layout.stagedArchive);
    await syncFolder(layout.staging);
  });
}

/** Writes the handoff, last of all: from here on the update is the updater's. */
export async function writeHandoff(layout: HostLayout, handoff: Handoff): Promise<void> {
  await replaceFile(layout.handoff, `${JSON.stringify(handoff)}\n`, DURABLE);
}

/** Whether a handoff waits for the updater, or an updater is at work. */
export async function isUpdaterBusy(layout: HostLayout, bootId: string): Promise<boolean> {
  if ((await statIfThere(layout.handoff)) !== null) return true;
  return (await namesIn(layout.lock)).some((holder) => mayRun(holder, bootId));
}

/** The lock's entry is named `<pid>.<start>.<boot>`; one that was killed leaves it behind. In doubt it runs. */
function mayRun(holder: string, bootId: string): boolean {
  const [, pid, boot] = /^(\d{1,10})\.\d+\.(.+)$/.exec(holder) ?? [];
  if (pid === undefined) return true;
  return boot === bootId && isProcess(Number(pid));
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== "ESRCH";
  }
}

/** Removes everything in staging, but for one file. Only while no handoff waits. */
export async function clearStaging(layout: HostLayout, except?: string): Promise<void> {
  for (const name of await namesIn(layout.staging)) {
    const path = `${layout.staging}/${name}`;
    if (path !== except) await removeFile(path);
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    if (errnoOf(error) === "ENOTDIR") return [folder];
    // Root's own; that it is there is all the agent can see.
    if (errnoOf(error) === "EACCES") return [folder];
    throw error;
  }
}
