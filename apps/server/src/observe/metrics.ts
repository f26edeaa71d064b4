import type { OverviewView } from "@muster/protocol/http";
import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { App } from "../http/app.ts";

export interface MetricSources {
  readonly readOverview: () => Promise<OverviewView>;
  /** Rollouts by state. */
  readonly countRollouts: () => Promise<Readonly<Record<string, number>>>;
  readonly countStreams: () => GatewayCounts;
}

export interface GatewayCounts {
  readonly connections: number;
  readonly streams: number;
  readonly downloads: number;
}

export interface Metrics {
  readonly contentType: string;
  read(): Promise<string>;
  /** Measures the answers of this app's routes. */
  observe(app: App): void;
}

/** The server's figures for Prometheus, counted when they are asked for. */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauges = createGauges(registry);
  const requests = new Histogram({
    name: "muster_http_request_duration_seconds",
    help: "Time until a request was answered.",
    labelNames: ["method", "route", "status"] as const,
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    read: async () => {
      const overview = await sources.readOverview();
      gauges.agents.set({ state: "online" }, overview.online);
      gauges.agents.set({ state: "offline" }, overview.offline);
      setAll(gauges.versions, overview.versions, ({ product, version, count }) => {
        return { labels: { product, version: version ?? "unknown" }, count };
      });
      setAll(gauges.targets, Object.entries(overview.targetStates), ([state, count]) => ({
        labels: { state },
        count,
      }));
      setAll(gauges.rollouts, Object.entries(await sources.countRollouts()), ([state, count]) => {
        return { labels: { state }, count };
      });
      const counts = Object.entries(sources.countStreams());
      setAll(gauges.gateway, counts, ([kind, count]) => ({ labels: { kind }, count: Number(count) }));
      return registry.metrics();
    },
    observe: (app) => {
      app.addHook("onResponse", async (request, reply) => {
        const route = request.routeOptions.url ?? "none";
        const labels = { method: request.method, route, status: String(reply.statusCode) };
        requests.observe(labels, reply.elapsedTime / 1000);
      });
    },
  };
}

function createGauges(registry: Registry) {
  const gauge = <Name extends string>(name: string, help: string, labelNames: readonly Name[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  return {
    agents: gauge("muster_agents", "Agents by whether they are connected.", ["state"]),
    versions: gauge("muster_agents_version", "Agents by the version they run.", ["product", "version"]),
    targets: gauge("muster_targets", "Latest target of each agent by state.", ["state"]),
    rollouts: gauge("muster_rollouts", "Rollouts by state.", ["state"]),
    gateway: gauge("muster_gateway", "What the gateway holds.", ["kind"]),
  };
}

/** Sets every value anew, so that what is no more is gone. */
function setAll<Name extends string, Item>(
  gauge: Gauge<Name>,
  items: readonly Item[],
  valueOf: (item: Item) => { labels: Partial<Record<Name, string>>; count: number },
): void {
  gauge.reset();
  for (const item of items) {
    const { labels, count } = valueOf(item);
    gauge.set(labels, count);
  }
}
