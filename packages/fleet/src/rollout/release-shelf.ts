import type { Target } from "@muster/core";
import type { Bus } from "../ports.ts";
import type { Database } from "../store/database.ts";

/** What a dispatch needs of a release. */
export interface DispatchRelease {
  readonly isReady: boolean;
  /** It was yanked, so it had been ready: its artifacts are all in the object store. */
  readonly isYanked: boolean;
  readonly manifestDigest: string;
  readonly manifest: Uint8Array;
  readonly signatures: Uint8Array;
}

/** Releases as they are dispatched, kept in memory until the bus says that one changed. */
export interface ReleaseShelf {
  /** Null: there is no such release. */
  read(db: Database, product: string, version: string): Promise<DispatchRelease | null>;
}

/**
 * Whether a release may be handed out. Nobody is updated to one that was yanked, but an agent may return to it: it ran
 * there before, and the version that it has to leave is worse.
 */
export function isOffered(
  release: DispatchRelease | null,
  { purpose }: Pick<Target, "purpose">,
): release is DispatchRelease {
  return release !== null && (release.isReady || (purpose === "return" && release.isYanked));
}

/** A manifest may have 2 MB. */
const RELEASES_KEPT = 16;

export function createReleaseShelf(bus: Bus): ReleaseShelf {
  const kept = new Map<string, DispatchRelease>();
  let changes = 0;
  bus.subscribe((change) => {
    if (change.kind !== "release") return;
    changes += 1;
    kept.delete(`${change.product} ${change.version}`);
  });
  return {
    read: async (db, product, version) => {
      const key = `${product} ${version}`;
      const known = kept.get(key);
      if (known) return known;
      const asOf = changes;
      const row = await db
        .selectFrom("releases")
        .select(["state", "manifest_digest", "manifest", "signatures"])
        .where("product", "=", product)
        .where("version", "=", version)
        .executeTakeFirst();
      if (!row) return null;
      const { manifest, signatures } = row;
      const release = {
        isReady: row.state === "ready",
        isYanked: row.state === "yanked",
        manifestDigest: row.manifest_digest,
        manifest,
        signatures,
      };
      // One that is not ready, or was read while something changed, may already be another.
      if (!release.isReady || asOf !== changes) return release;
      kept.set(key, release);
      const [oldest] = kept.keys();
      if (kept.size > RELEASES_KEPT && oldest !== undefined) kept.delete(oldest);
      return release;
    },
  };
}
