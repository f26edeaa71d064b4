import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Agents,
  type Bus,
  createLocalBus,
  createReleaseRegistry,
  type Database,
  openDatabase,
  openFolderObjectStore,
  type RegistrationTokens,
  type RegistryPorts,
  type Rollouts,
} from "@muster/fleet";
import { createReleaseSigner, type ReleaseSigner } from "@muster/fleet/testing";
import { createApiTokens } from "../access/api-tokens.ts";
import { hashSecret } from "../access/secret.ts";
import { createSessions } from "../access/sessions.ts";
import { createManualClock, type ManualClock } from "../gateway/testing/manual-clock.ts";
import type { App } from "../http/app.ts";
import { createHttpServer, type UseCases } from "../http/http-server.ts";
import { closeHttp } from "../http/listen.ts";
import { createLiveFeed } from "../live/live-feed.ts";
import { createMetrics } from "../observe/metrics.ts";
import { createLog } from "../observe/log.ts";
import { fakeAgents, fakeRollouts, fakeTokens } from "./fake-use-cases.ts";

/** The API on a real port, with the real registry; agents, tokens and rollouts are as the test says. */
export interface TestApi {
  readonly app: App;
  readonly url: string;
  readonly adminToken: string;
  readonly signer: ReleaseSigner;
  readonly clock: ManualClock;
  readonly bus: Bus;
  /** What was logged as an error. */
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
  readonly agents?: Partial<Agents>;
  readonly tokens?: Partial<RegistrationTokens>;
  readonly rollouts?: Partial<Rollouts>;
  readonly publicUrl?: URL;
  readonly webFolder?: string;
  readonly requireReady?: () => Promise<void>;
}

export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const folder = await mkdtemp(join(tmpdir(), "muster-api-"));
  const db = await openDatabase({ path: ":memory:" });
  const clock = createManualClock();
  const lines: string[] = [];
  const log = createLog({ quiet: true, destination: { write: (line) => void lines.push(line) } });
  const onError = (error: unknown) => log.error(error);
  const bus = createLocalBus(onError);
  const signer = createReleaseSigner();
  const objects = await openFolderObjectStore(join(folder, "objects"));
  const releases = createReleaseRegistry({
    ...REGISTRY,
    db,
    objects,
    clock,
    bus,
    onError,
    trustedAnchor: signer.anchor,
  });
  const useCases: UseCases = {
    releases,
    agents: { ...fakeAgents(), ...options.agents },
    tokens: { ...fakeTokens(), ...options.tokens },
    rollouts: { ...fakeRollouts(), ...options.rollouts },
  };
  const { rollouts } = useCases;
  const readOverview = () => useCases.agents.overview();
  const live = createLiveFeed({ bus, clock, epoch: "test", rollouts, readOverview, onError });
  const apiTokens = createApiTokens({ db, clock });
  const adminToken = await apiTokens.renewAdministrator();
  const sessions = createSessions({ db, clock });
  const metrics = createMetrics({ ...COUNTS, readOverview });
  const { requireReady = async () => {}, publicUrl = null, webFolder = join(folder, "no-pages") } = options;
  const http = { requireReady, publicUrl, webFolder, version: "0.0.0-test" };
  const app = await createHttpServer({ ...http, useCases, apiTokens, sessions, live, metrics, clock, log });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const close = async () => {
    live.close();
    await closeHttp(app);
    await releases.stop();
    await db.destroy();
    await rm(folder, { recursive: true, force: true });
  };
  const call = callerOf(url, adminToken);
  const tokenFor = (role: string) => insertToken(db, role);
  const revokeTokens = async () => void (await db.deleteFrom("api_tokens").execute());
  return { app, url, adminToken, signer, clock, bus, log: lines, tokenFor, revokeTokens, call, close };
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

const REGISTRY: Pick<RegistryPorts, "fetcher" | "locateImported" | "onYank"> = {
  locateImported: async () => null,
  fetcher: {
    fetch: () => {
      throw new Error("nothing is fetched here");
    },
  },
  onYank: async () => {},
};

async function insertToken(db: Database, role: string): Promise<string> {
  const token = `mst_${role}`;
  await db
    .insertInto("api_tokens")
    .values({ id: `test-${role}`, name: role, role, secret_sha256: hashSecret(token), created_at: 1 })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
  return token;
}
