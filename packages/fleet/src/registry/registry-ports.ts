import type { TrustAnchor } from "@muster/trust";
import type { EventJournal } from "../events/ports.ts";
import type { Bus, Clock, ObjectStore } from "../ports.ts";
import type { Database } from "../store/database.ts";
import type { ArtifactFetcher, ArtifactLocation, ReleaseKey } from "./ports.ts";
import type { ArtifactRow } from "../store/schema.ts";

/** What the registry works with. */
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
