import type { Agents, Clock, RegistrationTokens, ReleaseRegistry, Rollouts } from "@muster/fleet";
import type { FastifyBaseLogger } from "fastify";
import type { ApiTokens } from "../access/api-tokens.ts";
import { createFailureLimit } from "../access/failure-limit.ts";
import type { Sessions } from "../access/sessions.ts";
import type { LiveFeed } from "../live/live-feed.ts";
import type { Metrics } from "../observe/metrics.ts";
import { type App, createApp } from "./app.ts";
import { describeApi } from "./openapi.ts";
import { agentRoutes, tokenRoutes } from "./routes/agent-routes.ts";
import { eventRoutes } from "./routes/event-routes.ts";
import { releaseRoutes } from "./routes/release-routes.ts";
import { rolloutRoutes } from "./routes/rollout-routes.ts";
import { sessionRoutes } from "./routes/session-routes.ts";
import { systemRoutes } from "./routes/system-routes.ts";
import { createSessionCookie } from "./session-cookie.ts";
import { serveWebPages } from "./web-pages.ts";

/** What the API lets people do. */
export interface UseCases {
  readonly releases: ReleaseRegistry;
  readonly agents: Agents;
  readonly tokens: RegistrationTokens;
  readonly rollouts: Rollouts;
}

export interface HttpServerPorts {
  readonly useCases: UseCases;
  readonly apiTokens: ApiTokens;
  readonly sessions: Sessions;
  readonly live: LiveFeed;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: FastifyBaseLogger;
  /** Resolves if requests can be served; otherwise throws why not. */
  readonly requireReady: () => Promise<void>;
  readonly publicUrl: URL | null;
  readonly webFolder: string;
  /** Of Muster. */
  readonly version: string;
}

/** The API and the pages, ready to listen. */
export async function createHttpServer(ports: HttpServerPorts): Promise<App> {
  const { useCases, sessions, publicUrl, clock } = ports;
  const https = publicUrl?.protocol === "https:";
  const authorizing = {
    tokens: ports.apiTokens,
    sessions,
    failures: createFailureLimit(clock),
    cookie: createSessionCookie(https),
    publicUrl,
  };
  const app = await createApp({ ...authorizing, log: ports.log, https });
  ports.metrics.observe(app);
  await describeApi(app, ports.version);
  releaseRoutes(app, useCases);
  agentRoutes(app, useCases);
  tokenRoutes(app, useCases);
  rolloutRoutes(app, useCases);
  sessionRoutes(app, authorizing);
  eventRoutes(app, { ...authorizing, live: ports.live, rollouts: useCases.rollouts, clock });
  systemRoutes(app, ports);
  await serveWebPages(app, ports.webFolder);
  return app;
}
