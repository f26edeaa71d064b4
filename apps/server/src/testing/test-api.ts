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
import { type Closing, createClosing } from "../closing.ts";
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
  const ground = await openGround(folder, options);
  const { db, clock, bus, lines, log, records, signer } = ground;
  const useCases = await openUseCases(ground, options);
  const { releases, rollouts, agents } = useCases;
  const readOverview = () => agents.overview();
  const live = createLiveFeed({ ...ground, epoch: "test", releases, rollouts, readOverview });
  const { audit, audited } = rememberAudit(records);
  const closing = createClosing();
  const webhooks = openTestWebhooks(ground, options, closing);
  const hasher = createArgon2Hasher({ memoryKiB: 16, passes: 1 });
  const people = await createPeople({ ...ground, audit, hasher, oidc: options.oidc ?? null });
  const adminToken = await people.apiTokens.renewAdministrator();
  const metrics = createMetrics({ ...COUNTS, readOverview });
  const { requireReady = async () => {}, publicUrl = null, webFolder = join(folder, "no-pages") } = options;
  const { trustedProxies = [] } = options;
  const http = { requireReady, publicUrl, trustedProxies, webFolder, version: "0.0.0-test" };
  const parts = { ...records, webhooks, useCases, people, audit, live, metrics, clock, log };
  const app = await createHttpServer({ ...http, ...parts });
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
  const seen = { signer, clock, bus, db, people, records, audited, log: lines };
  return { app, url, adminToken, ...seen, tokenFor, revokeTokens, call, close };
}

type Ground = Awaited<ReturnType<typeof openGround>>;

/** What everything else stands on: real, but for the clock and what is outside. */
async function openGround(folder: string, options: TestApiOptions) {
  const db = await openDatabase({ path: ":memory:" });
  const clock = createManualClock();
  const lines: string[] = [];
  const log = createLog({ quiet: true, destination: { write: (line) => void lines.push(line) } });
  if (options.logsEverything === true) log.level = "trace";
  const onError = (error: unknown) => log.error(error);
  const random = createSystemRandom();
  return {
    db,
    clock,
    lines,
    log,
    onError,
    random,
    bus: createLocalBus(onError),
    signer: createReleaseSigner(),
    objects: await openFolderObjectStore(join(folder, "objects")),
    sealer: createSealer(new Uint8Array(SEALER_KEY_BYTES)),
    records: openRecords({ db, clock, random }),
  };
}

async function openUseCases(ground: Ground, options: TestApiOptions): Promise<UseCases> {
  const { db, clock, sealer, signer } = ground;
  const guard = createGuard(options.network ?? NOWHERE, []);
  const host = createReleaseHost({ guard, clock });
  const releases = createReleaseRegistry({
    ...ground,
    events: ground.records.events,
    fetcher: createGuardedFetcher(guard),
    locateImported: createImportedLocator({ db, sealer, host }),
    onYank: async () => {},
    trustedAnchor: signer.anchor,
  });
  return {
    releases,
    sources: createSources({ db, clock, sealer, host, releases, trustedAnchor: signer.anchor }),
    agents: { ...fakeAgents(), ...options.agents },
    tokens: { ...fakeTokens(), ...options.tokens },
    rollouts: { ...fakeRollouts(), ...options.rollouts },
    groups: fakeGroups(),
    desired: fakeDesired(),
    commands: await openCommands({ db, clock, newId: randomUUID, line: () => null }),
    operations: fakeOperations(),
    freezes: await openFreezes({ db, clock, newId: randomUUID, onChange: () => {} }),
  };
}

/** The real log, and what was written to it. */
function rememberAudit({ audit: real }: Ground["records"]): { audit: Audit; audited: AuditEntry[] } {
  const audited: AuditEntry[] = [];
  const audit: Audit = {
    record: async (entry) => {
      await real.record(entry);
      audited.push(entry);
    },
    recordIn: async (trx, entries) => {
      await real.recordIn(trx, entries);
      audited.push(...entries);
    },
  };
  return { audit, audited };
}

function openTestWebhooks(ground: Ground, options: TestApiOptions, closing: Closing) {
  const { webhookAllow = [], network = PUBLIC_NETWORK } = options;
  const source = eventSource(null);
  return openWebhooks({ ...ground, ...ground.records, network, webhookAllow, source }, closing);
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
