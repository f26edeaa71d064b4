import { MusterError } from "@muster/core";
import type { AuditDeed, AuditDetails, AuditTrail } from "../audit/ports.ts";
import type { ArtifactKey, ReleaseKey } from "./ports.ts";
import type { RegistryPorts } from "./registry-ports.ts";
import {
  markMirrored,
  moveRelease,
  readArtifacts,
  readRelease,
  stateData,
  stateKind,
} from "./release-rows.ts";

type ChangePorts = Pick<RegistryPorts, "db" | "events">;
type Trail = AuditTrail | undefined;

/** Notes an artifact that was sent and stored. */
export async function endUpload(
  { db, events }: ChangePorts,
  key: ArtifactKey,
  { sha256, trail }: { readonly sha256: string; readonly trail: Trail },
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await markMirrored(trx, key, { sha256, events });
    const details = { platform: `${key.os}/${key.arch}`, sha256 };
    await trail?.recordIn(trx, deedOn(key, "release.upload", details));
  });
}

/** Sets a failed release mirroring; false if it is already. Throws `RELEASE_TRANSITION_INVALID`. */
export async function beginRetry(
  { db, events }: ChangePorts,
  key: ReleaseKey,
  trail: Trail,
): Promise<boolean> {
  const { source } = stateData(await readRelease(db, key));
  if (source !== "url") {
    const problem = "its archives are uploaded: publish it again";
    throw new MusterError("RELEASE_TRANSITION_INVALID", { ...key, problem });
  }
  return db.transaction().execute(async (trx) => {
    if (stateKind(await readRelease(trx, key)) === "mirroring") return false;
    await moveRelease(trx, key, { to: { kind: "mirroring" }, source, events });
    await trail?.recordIn(trx, deedOn(key, "release.retry"));
    return true;
  });
}

/** Sets a release yanked, once. Throws `RELEASE_TRANSITION_INVALID`. */
export async function recordYank(
  { db, events }: ChangePorts,
  key: ReleaseKey,
  { why, trail }: { readonly why: string; readonly trail: Trail },
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    if (stateKind(await readRelease(trx, key)) === "yanked") return;
    await moveRelease(trx, key, { to: { kind: "yanked", why }, events });
    await trail?.recordIn(trx, deedOn(key, "release.yank", { why }));
  });
}

function deedOn({ product, version }: ReleaseKey, action: string, details: AuditDetails = {}): AuditDeed {
  return { action, resource: { kind: "release", id: `${product}/${version}` }, details };
}

/** What the artifact has to be; the release is mirroring afterwards, unless it is ready already. */
export async function beginUpload(
  { db, events }: ChangePorts,
  key: ArtifactKey,
): Promise<{ sha256: string; size: number }> {
  return db.transaction().execute(async (trx) => {
    const state = stateKind(await readRelease(trx, key));
    const artifacts = await readArtifacts(trx, key);
    const artifact = artifacts.find(({ os, arch }) => os === key.os && arch === key.arch);
    if (!artifact) throw new MusterError("ARTIFACT_NOT_FOUND", { ...key });
    if (state === "yanked") throw new MusterError("RELEASE_YANKED", { ...key });
    if (state === "draft" || state === "failed") {
      await moveRelease(trx, key, { to: { kind: "mirroring" }, source: "upload", events });
    }
    return artifact;
  });
}
