import { setImmediate } from "node:timers/promises";
import type { CreateSource, ReleaseView } from "@muster/protocol/http";
import { createGuard, createGuardedFetcher } from "../adapters/fetcher/guarded-fetcher.ts";
import type { Network } from "../adapters/fetcher/network.ts";
import { createLocalBus } from "../adapters/local-bus.ts";
import { createSystemRandom } from "../adapters/system-random.ts";
import { createEventJournal } from "../events/event-journal.ts";
import { createReleaseHost } from "../adapters/release-host/release-host.ts";
import { OPERATOR } from "./operator.ts";
import type { Clock, ObjectStore } from "../ports.ts";
import type { ReleaseKey, ReleaseRegistry } from "../registry/ports.ts";
import { createReleaseRegistry } from "../registry/release-registry.ts";
import { createSealer } from "../secrets/sealer.ts";
import { createImportedLocator } from "../sources/locate-imported.ts";
import type { Sources } from "../sources/ports.ts";
import { createSources } from "../sources/sources.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { createMemoryObjectStore } from "./memory-object-store.ts";
import { startReleaseHosts, type HostedRelease, type ReleaseHosts } from "./release-hosts.ts";
import { createReleaseSigner, type ReleaseSigner, type SignedRelease } from "./release-signer.ts";

/** A registry with sources, and hosts on this machine to import from. Its clock goes on when told; its pauses are over at once. */
export interface ImportWorld {
  readonly hosts: ReleaseHosts;
  readonly signer: ReleaseSigner;
  readonly sources: Sources;
  readonly releases: ReleaseRegistry;
  readonly objects: ObjectStore;
  readonly db: Database;
  /** What was waited for, in milliseconds. */
  readonly pauses: readonly number[];
  pass(ms: number): void;
  add(source?: Partial<CreateSource>): Promise<string>;
  /** The release when its mirroring has ended. */
  settled(key: ReleaseKey): Promise<ReleaseView>;
  close(): Promise<void>;
}

export async function createImportWorld(
  options: { readonly network?: Partial<Network>; readonly mirrorAllow?: readonly string[] } = {},
): Promise<ImportWorld> {
  const hosts = await startReleaseHosts();
  const db = await openDatabase({ path: ":memory:" });
  const objects = createMemoryObjectStore();
  const signer = createReleaseSigner();
  const pauses: number[] = [];
  let now = Date.parse("2026-01-03T00:00:00Z");
  const clock: Clock = {
    now: () => now,
    wakeAt: (at, callback) => {
      pauses.push(at - now);
      queueMicrotask(callback);
      return () => {};
    },
  };
  const guard = createGuard({ ...hosts.network, ...options.network }, options.mirrorAllow ?? []);
  const host = createReleaseHost({ guard, clock });
  const sealer = createSealer(new Uint8Array(32));
  const trustedAnchor = signer.anchor;
  const releases = createReleaseRegistry({
    db,
    objects,
    trustedAnchor,
    fetcher: createGuardedFetcher(guard),
    locateImported: createImportedLocator({ db, sealer, host }),
    clock,
    bus: createLocalBus(onError),
    events: createEventJournal({ clock, random: createSystemRandom() }),
    onYank: async () => {},
    onError,
  });
  const sources = createSources({ db, clock, sealer, host, releases, trustedAnchor });
  return {
    hosts,
    signer,
    sources,
    releases,
    objects,
    db,
    pauses,
    pass: (ms) => {
      now += ms;
    },
    add: async (source) => {
      const asked = { kind: "github", owner: "acme", repo: "agent", product: "app", ...source } as const;
      return (await sources.create(asked, OPERATOR)).id;
    },
    settled: async (key) => {
      for (;;) {
        const release = await releases.get(key);
        if (release.state !== "mirroring") return release;
        await setImmediate();
      }
    },
    close: async () => {
      sources.stop();
      await releases.stop();
      await hosts.close();
      await db.destroy();
    },
  };
}

/** A signed release as it is put on a host, with the fixed names. */
export function hosted(release: SignedRelease, changes: Partial<HostedRelease> = {}): HostedRelease {
  const { product, version } = release.content;
  const name = `${product}-release-manifest.json`;
  const archives = Object.entries(release.archives).map(([platform, content]) => {
    return [`${product}_${version}_${platform.replace("/", "_")}.tar.gz`, content] as const;
  });
  return {
    tag: `v${version}`,
    ...changes,
    assets: changes.assets ?? {
      [name]: release.manifest,
      [`${name}.sig`]: release.signatures,
      ...Object.fromEntries(archives),
    },
  };
}

function onError(error: unknown): never {
  throw error;
}
