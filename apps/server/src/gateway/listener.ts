import type { Server as HttpServer } from "node:http";
import { createServer, type TLSSocket, type TlsOptions } from "node:tls";
import { constants } from "node:crypto";
import { MusterError } from "@muster/core";
import type { Peers } from "./peers.ts";
import type { GatewayLog, GatewayTls } from "./ports.ts";

const HANDSHAKE_TIMEOUT_MS = 20_000;

/** The one TLS port: HTTP/2 goes to the gRPC server, HTTP/1.1 to the downloads. */
export interface Listener {
  readonly port: number;
  certify(tls: GatewayTls): void;
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly tls: GatewayTls;
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  readonly peers: Peers;
  readonly log: GatewayLog;
  readonly now: () => number;
  readonly http2: (socket: TLSSocket) => void;
  readonly http1: HttpServer;
}

export async function listen(options: ListenerOptions): Promise<Listener> {
  const { peers, log, now } = options;
  const server = createServer(tlsOptions(options.tls), (socket) => {
    socket.on("error", (error) => log.debug({ problem: error.message }, "connection broke"));
    const peer = peers.add(socket, now());
    if (!peer) return;
    socket.setNoDelay(true);
    if (peer.isHttp2) options.http2(socket);
    else options.http1.emit("connection", socket);
  });
  server.maxConnections = options.connections;
  server.on("tlsClientError", (error) => log.debug({ problem: error.message }, "handshake failed"));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(unusable(error, options)));
    server.listen({ port: options.port, host: options.host, backlog: 4096 }, resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new MusterError("INTERNAL_UNEXPECTED");
  return {
    port: bound.port,
    certify: (tls) => server.setSecureContext(tlsOptions(tls)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const { socket } of peers.all()) socket.destroy();
      }),
  };
}

function tlsOptions({ certificate, key, caCertificate }: GatewayTls): TlsOptions {
  return {
    // The CA travels with the certificate, so that a new host can hold it against the pin in its token.
    cert: `${certificate.trimEnd()}\n${caCertificate}`,
    key,
    ca: caCertificate,
    // A host without a certificate must be able to enrol, so each call checks for itself.
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ["h2", "http/1.1"],
    minVersion: "TLSv1.2",
    // A resumed session would carry a certificate that was good when it began.
    secureOptions: constants.SSL_OP_NO_TICKET,
    sessionTimeout: 1,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  };
}

function unusable(error: Error, { host, port }: ListenerOptions): MusterError {
  const details = { setting: "gateway address", host, port, problem: error.message };
  return new MusterError("SERVER_CONFIG_INVALID", details, { cause: error });
}
