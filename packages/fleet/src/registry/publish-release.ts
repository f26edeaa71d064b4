import { type Manifest, MusterError } from "@muster/core";
import { type TrustAnchor, type VerifiedManifest, verifyManifest } from "@muster/trust";
import type { AuditDeed, AuditTrail } from "../audit/ports.ts";
import type { EventJournal } from "../events/ports.ts";
import type { Clock, ObjectStore } from "../ports.ts";
import type { Actor } from "../people/actor.ts";
import type { Database } from "../store/database.ts";
import { writeOrigin } from "./origins.ts";
import type { PublishRequest, ReleaseKey } from "./ports.ts";
import {
  completeIfMirrored,
  eventOf,
  isWhollyMirrored,
  moveRelease,
  readRelease,
  stateKind,
  updateRelease,
} from "./release-rows.ts";

interface PublishPorts {
  readonly db: Database;
  readonly objects: ObjectStore;
  readonly trustedAnchor: TrustAnchor;
  readonly clock: Clock;
  readonly events: EventJournal;
}

/** Verifies and records a release; see `ReleaseRegistry.publish`. Fetches nothing. */
export async function recordRelease(
  ports: PublishPorts,
  request: PublishRequest,
  { actor, trail }: { readonly actor: Actor; readonly trail?: AuditTrail | undefined },
): Promise<ReleaseKey> {
  // Nothing of the manifest is read before its signatures are verified.
  const verified = verifyManifest(request, ports.trustedAnchor);
  const { product, version } = verified.manifest;
  const key = { product, version };
  const stored = await storedDigests(ports.objects, verified.manifest);
  await ports.db.transaction().execute(async (trx) => {
    const published = await trx
      .selectFrom("releases")
      .select(["manifest_digest", "state", "signed_by_json"])
      .where("product", "=", product)
      .where("version", "=", version)
      .executeTakeFirst();
    if (published && published.manifest_digest !== verified.digest) {
      throw new MusterError("RELEASE_EXISTS", {
        ...key,
        published: published.manifest_digest,
        sent: verified.digest,
      });
    }
    if (published && stateKind(published) === "yanked") throw new MusterError("RELEASE_YANKED", key);
    if (!published) {
      const row = { publishedAt: ports.clock.now(), publishedBy: actor.name };
      await insertRelease(trx, { request, verified, stored, ...row });
      await ports.events.append(trx, [eventOf(key, { kind: "draft" })]);
    } else if ((JSON.parse(published.signed_by_json) as string[]).length < verified.signers.length) {
      // The same release, signed by more keys than before: hosts may ask for more of them than the server does.
      const signed = { signatures: request.signatures, signed_by_json: JSON.stringify(verified.signers) };
      await updateRelease(trx, key, signed);
    }
    // A release that is ready keeps the word on where it came from.
    if (!published || stateKind(published) !== "ready") await writeOrigin(trx, key, request.origin ?? null);
    await beginMirroring(trx, key, { source: request.source, events: ports.events });
    await trail?.recordIn(trx, deedOf(request, verified, { isNew: !published }));
  });
  return key;
}

/** What the audit log says of a release that comes in. */
function deedOf(
  { source, origin }: PublishRequest,
  { manifest, digest, signers }: VerifiedManifest,
  { isNew }: { readonly isNew: boolean },
): AuditDeed {
  const { product, version, channel } = manifest;
  const details = { channel, digest, signers, isNew };
  return {
    action: origin ? "release.import" : "release.publish",
    resource: { kind: "release", id: `${product}/${version}` },
    details: origin ? { ...details, source: origin.sourceId, tag: origin.tag } : { ...details, source },
  };
}

/** Begins what the release's state lets begin; a draft that waits for uploads stays one until the first. */
async function beginMirroring(
  trx: Database,
  key: ReleaseKey,
  { source, events }: { readonly source: PublishRequest["source"]; readonly events: EventJournal },
): Promise<void> {
  const state = stateKind(await readRelease(trx, key));
  const waitsForUploads = source === "upload" && !(await isWhollyMirrored(trx, key));
  if (state === "ready" || (state === "draft" && waitsForUploads)) return;
  if (state === "mirroring") await updateRelease(trx, key, { state_json: JSON.stringify({ source }) });
  else await moveRelease(trx, key, { to: { kind: "mirroring" }, source, events });
  await completeIfMirrored(trx, key, events);
}

interface NewRelease {
  readonly request: PublishRequest;
  readonly verified: VerifiedManifest;
  readonly stored: ReadonlySet<string>;
  readonly publishedAt: number;
  readonly publishedBy: string;
}

async function insertRelease(trx: Database, release: NewRelease): Promise<void> {
  const { request, verified, stored, publishedAt, publishedBy } = release;
  const { product, version, channel, notes, floor, artifacts } = verified.manifest;
  await trx
    .insertInto("releases")
    .values({
      product,
      version,
      channel,
      notes,
      floor: floor ?? null,
      manifest: request.manifest,
      signatures: request.signatures,
      manifest_digest: verified.digest,
      state: "draft",
      state_json: "{}",
      signed_by_json: JSON.stringify(verified.signers),
      published_at: publishedAt,
      published_by: publishedBy,
    })
    .execute();
  const rows = artifacts.map(({ os, arch, sha256, size, url }) => {
    return { product, version, os, arch, sha256, size, url, mirrored: stored.has(sha256) ? 1 : 0 };
  });
  await trx.insertInto("artifacts").values(rows).execute();
}

async function storedDigests(objects: ObjectStore, manifest: Manifest): Promise<ReadonlySet<string>> {
  const stored = new Set<string>();
  for (const { sha256 } of manifest.artifacts) if (await objects.has(sha256)) stored.add(sha256);
  return stored;
}
