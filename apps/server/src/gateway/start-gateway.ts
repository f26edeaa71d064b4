import { MusterError } from "@muster/core";
import { createDownloadPace } from "./download-pace.ts";
import { createDownloads } from "./downloads.ts";
import { createLines } from "./lines.ts";
import { listen } from "./listener.ts";
import { createPeers } from "./peers.ts";
import { isIdle } from "./peer.ts";
import { GATEWAY_LIMITS, type Gateway, type GatewayOptions } from "./ports.ts";
import { createGrpcServer } from "./service.ts";

/** How often streams are looked at for silence and expiry. */
const SWEEP_MS = 1000;

/**
 * Opens the agents' port: gRPC and downloads on one TLS port. Resolves when agents can connect;
 * `SERVER_CONFIG_INVALID` if the address cannot be used.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { desk, objects, log, clock, heartbeatIntervalMs } = options;
  const limits = { ...GATEWAY_LIMITS, ...options.limits };
  const now = () => clock.now();
  const lines = createLines(limits.greetings);
  let isAccepting = true;
  const peers = createPeers();
  const shared = {
    desk,
    objects,
    limits,
    log,
    now,
    lines,
    heartbeatIntervalMs,
    peers,
    caCertificate: options.tls.caCertificate,
    isAccepting: () => isAccepting,
  };
  const { server, injector } = createGrpcServer(shared);
  const pace = createDownloadPace(options.downloadRate ?? null, clock);
  const downloads = createDownloads({ ...shared, pace });
  const listener = await listen({
    peers,
    tls: options.tls,
    host: options.host,
    port: options.port,
    connections: limits.connections,
    log,
    now,
    http2: (socket) => injector.injectConnection(socket),
    http1: downloads.server,
  });

  const sweep = () => {
    const at = now();
    for (const stream of lines.streams) stream.sweep(at);
    downloads.sweep(at);
    for (const peer of peers.all()) {
      if (isIdle(peer, at, limits.idleMs)) peer.socket.destroy();
    }
    stopSweeping = clock.wakeAt(at + SWEEP_MS, sweep);
  };
  let stopSweeping = clock.wakeAt(now() + SWEEP_MS, sweep);
  log.info({ port: listener.port }, "gateway listens");

  return {
    port: listener.port,
    line: lines.line,
    certify: (tls) => listener.certify(tls),
    accepting: (whether) => {
      isAccepting = whether;
      log.info({ accepting: whether }, "gateway changed whether it takes agents");
    },
    counts: () => ({ connections: peers.size, streams: lines.streams.size, downloads: downloads.running }),
    close: async () => {
      isAccepting = false;
      stopSweeping();
      for (const stream of lines.streams)
        stream.end(new MusterError("SERVER_OVERLOADED", { problem: "it stops" }));
      // The endings leave before their connections are cut.
      await new Promise((resolve) => void setImmediate(resolve));
      await listener.close();
      server.forceShutdown();
    },
  };
}
