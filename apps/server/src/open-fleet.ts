import { asMusterError, MusterError } from "@muster/core";
import {
  type Bus,
  type Clock,
  type ControlPlane,
  createAgentAuthority,
  createGuard,
  createGuardedFetcher,
  createLocalBus,
  createReleaseRegistry,
  createSystemRandom,
  type Database,
  type ObjectStore,
  openControlPlane,
  openDatabase,
  openFolderObjectStore,
  PUBLIC_NETWORK,
  type ReleaseRegistry,
} from "@muster/fleet";
import type { TrustAnchor } from "@muster/trust";
import type { CertifiedKey } from "@muster/trust/x509";
import type { Closing } from "./closing.ts";
import type { DataFolder } from "./keeping/data-folder.ts";
import { keepIdentities } from "./keeping/identities.ts";

/** Everything of the server that is kept, and what works on it. */
export interface OpenFleet {
  readonly db: Database;
  readonly objects: ObjectStore;
  readonly bus: Bus;
  /** The agents' certificate authority. */
  readonly authority: CertifiedKey;
  readonly plane: ControlPlane;
  readonly releases: ReleaseRegistry;
}

export interface OpenFleetOptions {
  readonly folder: DataFolder;
  readonly trustedAnchor: TrustAnchor;
  /** See `parseAllowList`. */
  readonly mirrorAllow: readonly string[];
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** Opens the data folder, of which there can be one user. Nothing is dispatched before `plane.start`. */
export async function openFleet(options: OpenFleetOptions, closing: Closing): Promise<OpenFleet> {
  const { folder, trustedAnchor, clock, onError } = options;
  // Before anything else in the folder is touched: it keeps a second server out.
  const db = await openStore(folder.database);
  closing.add(() => db.destroy());
  const { authority, assignmentKey } = await keepIdentities(folder, clock.now());
  const objects = await openFolderObjectStore(folder.objects);
  const bus = createLocalBus(onError);
  const shared = { db, clock, bus, onError };
  const plane = await openControlPlane({
    ...shared,
    random: createSystemRandom(),
    authority: createAgentAuthority(authority, { clock }),
    signingKey: assignmentKey,
  });
  closing.add(() => plane.stop());
  const releases = createReleaseRegistry({
    ...shared,
    objects,
    trustedAnchor,
    fetcher: createGuardedFetcher(createGuard(PUBLIC_NETWORK, options.mirrorAllow)),
    locateImported: async () => null,
    onYank: (release) => plane.pauseRolloutsOf(release),
  });
  closing.add(() => releases.stop());
  await releases.resume();
  return { db, objects, bus, authority, plane, releases };
}

async function openStore(path: string): Promise<Database> {
  try {
    return await openDatabase({ path });
  } catch (cause) {
    const error = asMusterError(cause, "STORE_UNAVAILABLE");
    throw new MusterError(error.code, { ...error.details, database: path }, { cause });
  }
}
