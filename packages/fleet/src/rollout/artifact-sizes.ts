import type { Bus } from "../ports.ts";
import type { Database } from "../store/database.ts";
import type { ReleaseName } from "./host-pasts.ts";

/** Bytes of a release's archives, by platform: `linux/amd64`. */
export type SizeByPlatform = ReadonlyMap<string, number>;

/** Sizes of archives, kept in memory until the bus says that their release changed. */
export type ArtifactSizes = (release: ReleaseName) => Promise<SizeByPlatform>;

const RELEASES_KEPT = 100;

export function createArtifactSizes(db: Database, bus: Bus): ArtifactSizes {
  const kept = new Map<string, SizeByPlatform>();
  bus.subscribe((change) => {
    if (change.kind === "release") kept.delete(`${change.product} ${change.version}`);
  });
  return async ({ product, version }) => {
    const key = `${product} ${version}`;
    const known = kept.get(key);
    if (known) return known;
    const artifacts = await db
      .selectFrom("artifacts")
      .select(["os", "arch", "size"])
      .where("product", "=", product)
      .where("version", "=", version)
      .execute();
    const sizes = new Map(artifacts.map(({ os, arch, size }) => [`${os}/${arch}`, size]));
    if (kept.size >= RELEASES_KEPT) kept.clear();
    kept.set(key, sizes);
    return sizes;
  };
}
