import { randomUUID } from "node:crypto";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Agents,
  type Audit,
  type AuditEntry,
  type Bus,
  createArgon2Hasher,
  createLocalBus,
  createPeople,
  createGuard,
  createGuardedFetcher,
  createImportedLocator,
  createReleaseHost,
  createSealer,
  createSources,
  SEALER_KEY_BYTES,
  createReleaseRegistry,
  openCommands,
  openFreezes,
  createSystemRandom,
  type Database,
  type OidcSetup,
  type Network,
  openDatabase,
  openFolderObjectStore,
  type People,
  PUBLIC_NETWORK,
  type RegistrationTokens,
  type Rollouts,
} from "@muster/fleet";
import { createReleaseSigner, type ReleaseSigner } from "@muster/fleet/testing";
import { createClosing } from "../closing.ts";
import { createManualClock, type ManualClock } from "../gateway/testing/manual-clock.ts";
import type { App } from "../http/app.ts";
import { createHttpServer, type UseCases } from "../http/http-server.ts";
import { closeHttp } from "../http/listen.ts";
import { createLiveFeed } from "../live/live-feed.ts";
import { createMetrics } from "../observe/metrics.ts";
import { createLog } from "../observe/log.ts";
import { eventSource, openRecords, type Records } from "../open-records.ts";
import { openWebhooks } from "../open-webhooks.ts";
import { fakeDesired, fakeGroups } from "./fake-groups.ts";
import { fakeOperations } from "./fake-operations.ts";
import { fakeAgents, fakeRollouts, fakeTokens } from "./fake-use-cases.ts";

/** The API on a real port, with the real registry; agents, tokens and rollouts are as the test says. */
export interface TestApi {
  readonly app: App;
  readonly url: string;
  readonly adminToken: string;
  readonly signer: ReleaseSigner;
  readonly clock: ManualClock;
  readonly bus: Bus;
  readonly db: Database;
  readonly people: People;
  readonly records: Records;
  /** What was written down, in order. */
  readonly audited: readonly AuditEntry[];
  /** What was logged as an error, or everything. */
  readonly log: readonly string[];
  /** The token of a new user with this role. */
  tokenFor(role: "administrator" | "operator" | "viewer"): Promise<string>;
  /** Makes every token void. */
  revokeTokens(): Promise<void>;
  /** A request; with the administrator's token unless told. */
  call(path: string, init?: RequestInit & { token?: string | null }): Promise<Response>;
  close(): Promise<void>;
}

export interface TestApiOptions {
  /** Where releases are fetched from; nowhere unless told. */
  readonly network?: Network;
  readonly agents?: Partial<Agents>;
  readonly tokens?: Partial<RegistrationTokens>;
  readonly rollouts?: Partial<Rollouts>;
  readonly publicUrl?: URL;
  readonly webFolder?: string;
  /** Hosts of webhooks that may be private. */
  readonly webhookAllow?: readonly string[];
  readonly requireReady?: () => Promise<void>;
  readonly oidc?: OidcSetup;
  readonly trustedProxies?: readonly string[];
  readonly logsEverything?: boolean;
}

export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const folder = await mkdtemp(join(tmpdir(), "muster-api-"));
  const db = await openDatabase({ path: ":memory:" });
  const clock = createManualClock();
  const lines: string[] = [];
  const log = createLog({ quiet: true, destination: { write: (line) => void lines.push(line) } });
  if (options.logsEverything === true) log.level = "trace";
  const onError = (error: unknown) => log.error(error);
  const bus = createLocalBus(onError);
  const signer = createReleaseSigner();
  const objects = await openFolderObjectStore(join(folder, "objects"));
  const sealer = createSealer(new Uint8Array(SEALER_KEY_BYTES));
  const guard = createGuard(options.network ?? NOWHERE, []);
  const host = createReleaseHost({ guard, clock });
  const records = openRecords({ db, clock, random: createSystemRandom() });
  const releases = createReleaseRegistry({
    fetcher: createGuardedFetcher(guard),
    locateImported: createImportedLocator({ db, sealer, host }),
    onYank: async () => {},
    db,
    objects,
    clock,
    bus,
    events: records.events,
    onError,
    trustedAnchor: signer.anchor,
  });
  const useCases: UseCases = {
    releases,
    sources: createSources({ db, clock, sealer, host, releases, trustedAnchor: signer.anchor }),
    agents: { ...fakeAgents(), ...options.agents },
    tokens: { ...fakeTokens(), ...options.tokens },
    rollouts: { ...fakeRollouts(), ...options.rollouts },
    groups: fakeGroups(),
    desired: fakeDesired(),
    commands: await openCommands({ db, clock, newId: () => randomUUID(), line: () => null }),
    operations: fakeOperations(),
    freezes: await openFreezes({ db, clock, newId: () => randomUUID(), onChange: () => {} }),
  };
  const { rollouts } = useCases;
  const readOverview = () => useCases.agents.overview();
  const live = createLiveFeed({ bus, clock, epoch: "test", releases, rollouts, readOverview, onError });
  const audited: AuditEntry[] = [];
  const audit: Audit = {
    record: async (entry) => {
      await records.audit.record(entry);
      audited.push(entry);
    },
    recordIn: async (trx, entries) => {
      await records.audit.recordIn(trx, entries);
      audited.push(...entries);
    },
  };
  const closing = createClosing();
  const random = createSystemRandom();
  const webhookAllow = options.webhookAllow ?? [];
  const network = options.network ?? PUBLIC_NETWORK;
  const webhooks = openWebhooks(
    { ...records, db, clock, random, sealer, network, webhookAllow, source: eventSource(null), onError },
    closing,
  );
  const people = await createPeople({
    db,
    clock,
    random: createSystemRandom(),
    audit,
    sealer,
    hasher: createArgon2Hasher({ memoryKiB: 16, passes: 1 }),
    oidc: options.oidc ?? null,
  });
  const adminToken = await people.apiTokens.renewAdministrator();
  const metrics = createMetrics({ ...COUNTS, readOverview });
  const { requireReady = async () => {}, publicUrl = null, webFolder = join(folder, "no-pages") } = options;
  const { trustedProxies = [] } = options;
  const http = { requireReady, publicUrl, trustedProxies, webFolder, version: "0.0.0-test" };
  const app = await createHttpServer({
    ...http,
    ...records,
    webhooks,
    useCases,
    people,
    audit,
    live,
    metrics,
    clock,
    log,
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const close = async () => {
    live.close();
    await closeHttp(app);
    await closing.closeAll();
    await releases.stop();
    await db.destroy();
    await rm(folder, { recursive: true, force: true });
  };
  const call = callerOf(url, adminToken);
  const tokenFor = (role: string) => insertToken(db, role);
  const revokeTokens = async () => void (await db.deleteFrom("api_tokens").execute());
  return {
    app,
    url,
    adminToken,
    signer,
    clock,
    bus,
    db,
    people,
    records,
    audited,
    log: lines,
    tokenFor,
    revokeTokens,
    call,
    close,
  };
}

function callerOf(url: string, adminToken: string): TestApi["call"] {
  return (path, { token = adminToken, ...init } = {}) => {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    return fetch(new URL(path, url), { redirect: "manual", ...init, headers });
  };
}

const COUNTS = {
  countRollouts: async () => ({ running: 1 }),
  countStreams: () => ({ connections: 3, streams: 2, downloads: 1 }),
};

const NOWHERE: Network = { resolve: async () => [], refusalOf: () => "nothing is fetched here" };
async function insertToken(db: Database, role: string): Promise<string> {
  const token = `mst_${role}`;
  await db
    .insertInto("api_tokens")
    .values({
      id: `test-${role}`,
      name: role,
      role,
      secret_sha256: createHash("sha256").update(token).digest("hex"),
      created_at: 1,
    })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
  return token;
}
