import {
  type Agents,
  type Audit,
  type AuditLog,
  type Clock,
  type Commands,
  createAttemptLimit,
  type EventJournal,
  type EventLog,
  type DesiredStates,
  type Groups,
  type Freezes,
  type Operations,
  type People,
  type RegistrationTokens,
  type ReleaseRegistry,
  type Rollouts,
  type Webhooks,
  type Sources,
} from "@muster/fleet";
import type { FastifyBaseLogger } from "fastify";
import type { LiveFeed } from "../live/live-feed.ts";
import type { Metrics } from "../observe/metrics.ts";
import { type App, createApp } from "./app.ts";
import { auditRequests } from "./auditing.ts";
import { describeApi } from "./openapi.ts";
import { agentRoutes, tokenRoutes } from "./routes/agent-routes.ts";
import { auditRoutes } from "./routes/audit-routes.ts";
import { eventSource } from "../open-records.ts";
import { eventLogRoutes } from "./routes/event-log-routes.ts";
import { liveRoutes } from "./routes/live-routes.ts";
import { credentialRoutes } from "./routes/credential-routes.ts";
import { commandRoutes } from "./routes/command-routes.ts";
import { freezeRoutes } from "./routes/freeze-routes.ts";
import { operationRoutes } from "./routes/operation-routes.ts";
import { meRoutes } from "./routes/me-routes.ts";
import { oidcRoutes } from "./routes/oidc-routes.ts";
import { createRefusalLimit } from "./refusal-limit.ts";
import { groupRoutes } from "./routes/group-routes.ts";
import { releaseRoutes } from "./routes/release-routes.ts";
import { rolloutRoutes } from "./routes/rollout-routes.ts";
import { sessionRoutes } from "./routes/session-routes.ts";
import { sourceRoutes } from "./routes/source-routes.ts";
import { systemRoutes } from "./routes/system-routes.ts";
import { userRoutes } from "./routes/user-routes.ts";
import { webhookRoutes } from "./routes/webhook-routes.ts";
import { createCookies } from "./session-cookie.ts";
import { serveWebPages } from "./web-pages.ts";

/** Wrong credentials from one address: ten are answered at once, then one every six seconds. */
const FAILURE_RATE = { burst: 10, refillMs: 6000 };
const ADDRESSES_MAX = 10_000;

/** What the API lets people do. */
export interface UseCases {
  readonly releases: ReleaseRegistry;
  readonly sources: Sources;
  readonly agents: Agents;
  readonly tokens: RegistrationTokens;
  readonly rollouts: Rollouts;
  readonly groups: Groups;
  readonly desired: DesiredStates;
  readonly freezes: Freezes;
  readonly commands: Commands;
  readonly operations: Operations;
}

export interface HttpServerPorts {
  readonly useCases: UseCases;
  readonly people: People;
  readonly audit: Audit;
  readonly auditLog: AuditLog;
  readonly events: EventJournal;
  readonly eventLog: EventLog;
  readonly webhooks: Webhooks;
  readonly live: LiveFeed;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: FastifyBaseLogger;
  /** Resolves if requests can be served; otherwise throws why not. */
  readonly requireReady: () => Promise<void>;
  readonly publicUrl: URL | null;
  /** Addresses of proxies whose word on where a request comes from is believed. */
  readonly trustedProxies?: readonly string[];
  readonly webFolder: string;
  /** Of Muster. */
  readonly version: string;
}

/** The API and the pages, ready to listen. */
export async function createHttpServer(ports: HttpServerPorts): Promise<App> {
  const { useCases, people, publicUrl, clock } = ports;
  const https = publicUrl?.protocol === "https:";
  const cookies = createCookies(https);
  const authorizing = {
    tokens: people.apiTokens,
    sessions: people.sessions,
    failures: createAttemptLimit(clock, FAILURE_RATE, ADDRESSES_MAX),
    cookie: cookies.session,
    publicUrl,
  };
  const { log, trustedProxies = [] } = ports;
  const app = await createApp({ ...authorizing, log, https, trustedProxies });
  auditRequests(app, { audit: ports.audit, refusals: createRefusalLimit(clock) });
  ports.metrics.observe(app);
  await describeApi(app, ports.version);
  releaseRoutes(app, useCases);
  sourceRoutes(app, useCases);
  agentRoutes(app, useCases);
  tokenRoutes(app, useCases);
  rolloutRoutes(app, useCases);
  groupRoutes(app, useCases);
  freezeRoutes(app, useCases);
  commandRoutes(app, useCases);
  operationRoutes(app, useCases);
  const signingIn = { ...authorizing, people, cookies };
  sessionRoutes(app, signingIn);
  oidcRoutes(app, signingIn);
  meRoutes(app, signingIn);
  userRoutes(app, signingIn);
  credentialRoutes(app, signingIn);
  liveRoutes(app, { ...authorizing, live: ports.live, rollouts: useCases.rollouts, clock });
  auditRoutes(app, ports);
  webhookRoutes(app, ports);
  const source = eventSource(publicUrl);
  eventLogRoutes(app, { ...authorizing, log: ports.eventLog, journal: ports.events, clock, source });
  systemRoutes(app, ports);
  await serveWebPages(app, ports.webFolder);
  return app;
}
