import { readOrigin } from "../registry/origins.ts";
import type { ArtifactLocation } from "../registry/ports.ts";
import type { Sealer } from "../secrets/sealer.ts";
import type { Database } from "../store/database.ts";
import type { ArtifactRow } from "../store/schema.ts";
import type { ReleaseHost } from "./ports.ts";
import { readSource, toPlace } from "./source-rows.ts";

export interface LocatorPorts {
  readonly db: Database;
  readonly sealer: Sealer;
  readonly host: Pick<ReleaseHost, "locate">;
}

/**
 * Says where imported artifacts are; null for those that no source's release carries. Throws `RESOURCE_NOT_FOUND` when the
 * source is gone, `SECRET_UNREADABLE`.
 */
export function createImportedLocator({ db, sealer, host }: LocatorPorts) {
  return async (artifact: ArtifactRow): Promise<ArtifactLocation | null> => {
    const origin = await readOrigin(db, artifact);
    const asset = origin?.assets.find(({ os, arch }) => os === artifact.os && arch === artifact.arch);
    if (!origin || !asset) return null;
    const source = await readSource(db, origin.sourceId);
    return host.locate(toPlace(source, sealer), origin.tag, asset);
  };
}
