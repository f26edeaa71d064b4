import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { MusterError } from "@muster/core";
import {
  type ApiTokens,
  createSystemClock,
  createSystemRandom,
  type Network,
  PUBLIC_NETWORK,
} from "@muster/fleet";
import { parseTrustAnchor, type TrustAnchor } from "@muster/trust";
import type { Logger } from "pino";
import packageJson from "../package.json" with { type: "json" };
import { type Closing, createClosing } from "./closing.ts";
import { startCertifiedGateway } from "./certified-gateway.ts";
import { createHttpServer } from "./http/http-server.ts";
import { listenHttp } from "./http/listen.ts";
import { prepareDataFolder } from "./keeping/data-folder.ts";
import { createLiveFeed } from "./live/live-feed.ts";
import { countRollouts } from "./observe/count-rollouts.ts";
import { createMetrics } from "./observe/metrics.ts";
import { keepRecords } from "./keep-records.ts";
import { openFleet } from "./open-fleet.ts";
import { openPeople } from "./open-people.ts";
import { eventSource } from "./open-records.ts";
import { openWebhooks } from "./open-webhooks.ts";
import type { ServerSettings } from "./settings/settings.ts";

/** A server at work. */
export interface RunningServer {
  /** Of the API and the pages. */
  readonly url: string;
  readonly gatewayPort: number;
  /** The administrator's token, if this start has made one. */
  readonly adminToken: string | null;
  /** Ends it; nothing that was answered is lost. Idempotent. */
  close(): Promise<void>;
}

/** What a test puts another in the place of; no setting reaches it. */
export interface ServerParts {
  /** Where artifacts and releases are fetched from. */
  readonly network: Network;
}

const PARTS: ServerParts = { network: PUBLIC_NETWORK };

/**
 * Starts all of it in this process: API, pages, controller and gateway. Resolves when browsers and agents can connect; when it
 * cannot, it throws why and leaves nothing open. A kill at any moment loses nothing that was answered.
 */
export async function startServer(
  settings: ServerSettings,
  log: Logger,
  parts: ServerParts = PARTS,
): Promise<RunningServer> {
  const closing = createClosing();
  try {
    return await open(settings, { ...parts, log, closing });
  } catch (error) {
    await closing.closeAll();
    throw error;
  }
}

interface Opening extends ServerParts {
  readonly log: Logger;
  readonly closing: Closing;
}

async function open(settings: ServerSettings, { log, closing, network }: Opening): Promise<RunningServer> {
  const onError = (error: unknown) => log.error({ err: error }, "something failed; it is tried again");
  const clock = createSystemClock();
  const trustedAnchor = await readTrustAnchor(settings.trustAnchorFile);
  const folder = await prepareDataFolder(settings.dataFolder);
  const { mirrorAllow } = settings;
  const fleet = await openFleet({ folder, trustedAnchor, mirrorAllow, network, clock, onError }, closing);
  const { plane, releases, sources, db } = fleet;

  const { publicUrl, webhookAllow } = settings;
  const random = createSystemRandom();
  const source = eventSource(publicUrl);
  const webhooks = openWebhooks({ ...fleet, clock, random, network, webhookAllow, source, onError }, closing);
  closing.add(keepRecords({ ...fleet, ...settings, clock, onError }));

  const path = folder.gateway;
  const gateway = await startCertifiedGateway({ ...fleet, settings, path, clock, log, desk: plane.desk });
  closing.add(() => gateway.close());
  plane.start(gateway.line);

  const readOverview = () => plane.agents.overview();
  const epoch = randomBytes(6).toString("hex");
  const live = createLiveFeed({ ...fleet, clock, epoch, rollouts: plane.rollouts, readOverview, onError });
  closing.add(() => live.close());
  const people = await openPeople({ ...fleet, clock, settings });
  const { apiTokens } = people;
  const app = await createHttpServer({
    useCases: { releases, sources, ...plane },
    people,
    audit: fleet.audit,
    auditLog: fleet.auditLog,
    events: fleet.events,
    eventLog: fleet.eventLog,
    webhooks,
    live,
    metrics: createMetrics({
      readOverview,
      countRollouts: () => countRollouts(db),
      countStreams: () => gateway.counts(),
    }),
    clock,
    log,
    requireReady: async () => void (await apiTokens.hasAdministrator()),
    publicUrl,
    trustedProxies: settings.trustedProxies,
    webFolder: settings.webFolder,
    version: packageJson.version,
  });
  const http = await listenHttp(app, settings.http);
  closing.add(() => http.close());
  const adminToken = await administratorToken(apiTokens, settings.newAdminToken);
  return { url: http.url, gatewayPort: gateway.port, adminToken, close: () => closing.closeAll() };
}

async function readTrustAnchor(path: string): Promise<TrustAnchor> {
  const bytes = await readFile(path).catch((cause: Error) => {
    const problem = `${cause.message}; make one with \`muster release keygen\` and \`muster release anchor\``;
    throw new MusterError(
      "SERVER_CONFIG_INVALID",
      { setting: "--trust-anchor (MUSTER_TRUST_ANCHOR)", path, problem },
      { cause },
    );
  });
  return parseTrustAnchor(bytes);
}

/** A new token at the first start, and when one is asked for. Made last, so that it is never lost before it is shown. */
async function administratorToken(apiTokens: ApiTokens, isAskedFor: boolean): Promise<string | null> {
  const isNeeded = isAskedFor || !(await apiTokens.hasAdministrator());
  return isNeeded ? apiTokens.renewAdministrator() : null;
}
