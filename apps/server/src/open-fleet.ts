import { asMusterError, MusterError } from "@muster/core";
import {
  type Bus,
  type Clock,
  type ControlPlane,
  createAgentAuthority,
  createGuard,
  createGuardedFetcher,
  createImportedLocator,
  createLocalBus,
  createReleaseHost,
  createReleaseRegistry,
  createSealer,
  createSources,
  createSystemRandom,
  type Database,
  type Network,
  type ObjectStore,
  openControlPlane,
  openDatabase,
  openFolderObjectStore,
  type ReleaseRegistry,
  type Sealer,
  type Sources,
} from "@muster/fleet";
import type { TrustAnchor } from "@muster/trust";
import type { CertifiedKey } from "@muster/trust/x509";
import type { Closing } from "./closing.ts";
import type { DataFolder } from "./keeping/data-folder.ts";
import { keepIdentities } from "./keeping/identities.ts";
import { keepSecretsKey } from "./keeping/secrets-key.ts";
import { openRecords, type Records } from "./open-records.ts";

/** Everything of the server that is kept, and what works on it. */
export interface OpenFleet extends Records {
  readonly db: Database;
  readonly objects: ObjectStore;
  readonly bus: Bus;
  /** The agents' certificate authority. */
  readonly authority: CertifiedKey;
  readonly plane: ControlPlane;
  readonly releases: ReleaseRegistry;
  readonly sources: Sources;
  /** For secrets in the database that have to be read again. */
  readonly sealer: Sealer;
}

export interface OpenFleetOptions {
  readonly folder: DataFolder;
  readonly trustedAnchor: TrustAnchor;
  /** See `parseAllowList`. */
  readonly mirrorAllow: readonly string[];
  /** Where artifacts and releases are fetched from. */
  readonly network: Network;
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
  const random = createSystemRandom();
  const records = openRecords({ db, clock, random });
  const { audit, events } = records;
  const shared = { db, clock, bus, events, audit, onError };
  const plane = await openControlPlane({
    ...shared,
    random,
    authority: createAgentAuthority(authority, { clock }),
    signingKey: assignmentKey,
  });
  closing.add(() => plane.stop());
  const sealer = createSealer(await keepSecretsKey(folder.secretsKey));
  const guard = createGuard(options.network, options.mirrorAllow);
  const host = createReleaseHost({ guard, clock });
  const releases = createReleaseRegistry({
    ...shared,
    objects,
    trustedAnchor,
    fetcher: createGuardedFetcher(guard),
    locateImported: createImportedLocator({ db, sealer, host }),
    onYank: (release) => plane.pauseRolloutsOf(release),
  });
  closing.add(() => releases.stop());
  await releases.resume();
  const sources = createSources({ db, clock, sealer, host, releases, trustedAnchor });
  closing.add(() => sources.stop());
  return { ...records, db, objects, bus, authority, plane, releases, sources, sealer };
}

async function openStore(path: string): Promise<Database> {
  try {
    return await openDatabase({ path });
  } catch (cause) {
    const error = asMusterError(cause, "STORE_UNAVAILABLE");
    throw new MusterError(error.code, { ...error.details, database: path }, { cause });
  }
}
