import { MusterError } from "@muster/core";
import type { TrustAnchor } from "@muster/trust";
import type { AuditDeed, AuditDetails } from "../audit/ports.ts";
import type { EventJournal } from "../events/ports.ts";
import type { Bus, Clock, ObjectStore } from "../ports.ts";
import type { Database } from "../store/database.ts";
import { listReleaseRows, readWholeRelease } from "./list-releases.ts";
import { mirrorRelease } from "./mirror.ts";
import type { ArtifactFetcher, ArtifactKey, ArtifactLocation, ReleaseKey, ReleaseRegistry } from "./ports.ts";
import type { ArtifactRow } from "../store/schema.ts";
import { recordRelease } from "./publish-release.ts";
import {
  markMirrored,
  moveRelease,
  readArtifacts,
  readRelease,
  stateData,
  stateKind,
  toReleaseView,
} from "./release-rows.ts";

export interface RegistryPorts {
  readonly db: Database;
  readonly objects: ObjectStore;
  /** The keys that releases must be signed with. */
  readonly trustedAnchor: TrustAnchor;
  readonly fetcher: ArtifactFetcher;
  /** Where an imported artifact is; null: at the address in its manifest. */
  readonly locateImported: (artifact: ArtifactRow) => Promise<ArtifactLocation | null>;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly events: EventJournal;
  /** Pauses the running rollouts of a yanked release. Idempotent: a start calls it again for each yanked release. */
  readonly onYank: (release: ReleaseKey) => Promise<void>;
  /** Told of a failure in the background that no state of a release can show. */
  readonly onError: (error: unknown) => void;
}

export function createReleaseRegistry(ports: RegistryPorts): ReleaseRegistry {
  const { db, bus, events } = ports;
  const stored = new Map<string, number>();
  const announce = ({ product, version }: ReleaseKey) => bus.publish({ kind: "release", product, version });
  const view = async (key: ReleaseKey) => {
    return toReleaseView(await readWholeRelease(db, key), (sha256) => stored.get(sha256) ?? 0);
  };
  const jobs = createMirrorJobs(ports, { stored, announce });

  return {
    publish: async (request, actor, trail) => {
      const key = await recordRelease(ports, request, { actor, trail });
      if (request.source === "url") jobs.start(key);
      announce(key);
      return view(key);
    },
    upload: async (artifact, content, trail) => {
      const { sha256, size } = await beginUpload(ports, artifact);
      announce(artifact);
      const onProgress = (bytes: number) => {
        stored.set(sha256, bytes);
        announce(artifact);
      };
      try {
        await ports.objects.put({ sha256, sizeBytes: size, onProgress }, content);
        await db.transaction().execute(async (trx) => {
          await markMirrored(trx, artifact, { sha256, events });
          const { os, arch } = artifact;
          await trail?.recordIn(
            trx,
            deedOn(artifact, "release.upload", { platform: `${os}/${arch}`, sha256 }),
          );
        });
      } finally {
        stored.delete(sha256);
        announce(artifact);
      }
      return view(artifact);
    },
    retry: async (key, trail) => {
      const { source } = stateData(await readRelease(db, key));
      if (source !== "url") throw notRetryable(key, "its archives are uploaded: publish it again");
      const isBegun = await db.transaction().execute(async (trx) => {
        if (stateKind(await readRelease(trx, key)) === "mirroring") return false;
        await moveRelease(trx, key, { to: { kind: "mirroring" }, source, events });
        await trail?.recordIn(trx, deedOn(key, "release.retry"));
        return true;
      });
      if (isBegun) {
        jobs.start(key);
        announce(key);
      }
      return view(key);
    },
    yank: async (key, why, trail) => {
      await db.transaction().execute(async (trx) => {
        if (stateKind(await readRelease(trx, key)) === "yanked") return;
        await moveRelease(trx, key, { to: { kind: "yanked", why }, events });
        await trail?.recordIn(trx, deedOn(key, "release.yank", { why }));
      });
      announce(key);
      await ports.onYank(key);
      return view(key);
    },
    get: view,
    list: async (query) => {
      const page = await listReleaseRows(db, query);
      const items = page.items.map((whole) => toReleaseView(whole, (sha256) => stored.get(sha256) ?? 0));
      return { ...page, items };
    },
    resume: async () => {
      const unsettled = await db
        .selectFrom("releases")
        .select(["product", "version", "state", "state_json"])
        .where("state", "in", ["mirroring", "yanked"])
        .execute();
      for (const { product, version, ...row } of unsettled) {
        if (row.state === "yanked") await ports.onYank({ product, version });
        else if (stateData(row).source === "url") jobs.start({ product, version });
      }
    },
    stop: () => jobs.stop(),
  };
}

function deedOn({ product, version }: ReleaseKey, action: string, details: AuditDetails = {}): AuditDeed {
  return { action, resource: { kind: "release", id: `${product}/${version}` }, details };
}

function notRetryable(key: ReleaseKey, problem: string): MusterError {
  return new MusterError("RELEASE_TRANSITION_INVALID", { ...key, problem });
}

/** What the artifact has to be; the release is mirroring afterwards, unless it is ready already. */
async function beginUpload(
  { db, events }: Pick<RegistryPorts, "db" | "events">,
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

interface JobNotes {
  readonly stored: Map<string, number>;
  readonly announce: (key: ReleaseKey) => void;
}

/** The mirrorings under way, at most one for each release. */
function createMirrorJobs(ports: RegistryPorts, { stored, announce }: JobNotes) {
  const running = new Map<string, Promise<void>>();
  const stopping = new AbortController();

  const locate = async (artifact: ArtifactRow) =>
    (await ports.locateImported(artifact)) ?? { url: artifact.url };

  const run = async (key: ReleaseKey) => {
    const digests = new Set<string>();
    const onProgress = (sha256: string, bytes: number) => {
      digests.add(sha256);
      stored.set(sha256, bytes);
      announce(key);
    };
    try {
      await mirrorRelease({ ...ports, locate, onChange: announce, onProgress }, key, stopping.signal);
    } catch (error) {
      ports.onError(error);
    } finally {
      for (const sha256 of digests) stored.delete(sha256);
    }
  };

  return {
    /** Begins the mirroring of a release; behind the one that is just ending, if there is one. */
    start: ({ product, version }: ReleaseKey) => {
      const name = `${product}/${version}`;
      const before = running.get(name) ?? Promise.resolve();
      const job = before
        .then(() => run({ product, version }))
        .finally(() => {
          if (running.get(name) === job) running.delete(name);
        });
      running.set(name, job);
    },
    stop: async () => {
      stopping.abort(new MusterError("SERVER_OVERLOADED", { problem: "the server stops" }));
      await Promise.all(running.values());
    },
  };
}
