import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer as createHttpsServer } from "node:https";
import { constants } from "node:crypto";
import { createServer as createTlsServer, type Server, type TLSSocket, type TlsOptions } from "node:tls";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import type { ServerResponse } from "node:http";
import type { BaselineConfig, BaselineListening, BaselineRequest } from "./messages.ts";

/** How a baseline's process talks with the one that started it. */
export interface BaselineChannel {
  receive(handle: (request: BaselineRequest) => void): void;
  send(answer: BaselineListening): void;
}

/**
 * The least that Node needs to do what the gateway does: hold mutual TLS connections and write to them, or send a file
 * over HTTPS. It is what the gateway's figures are divided by.
 */
export function serveBaseline(channel: BaselineChannel): void {
  const sockets = new Set<TLSSocket>();
  channel.receive((request) => {
    if (request.kind === "push") {
      const bytes = Buffer.alloc(request.bytes, 1);
      for (const socket of sockets) socket.write(bytes);
      return;
    }
    const { config } = request;
    const server = config.file === null ? holdSockets(config, sockets) : sendFile(config, config.file);
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
      channel.send({ kind: "listening", port: (server.address() as AddressInfo).port });
    });
  });
}

function holdSockets(config: BaselineConfig, sockets: Set<TLSSocket>): Server {
  return createTlsServer(tlsOptions(config), (socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("data", (bytes) => void socket.write(bytes));
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
  });
}

function sendFile(config: BaselineConfig, file: string): Server {
  return createHttpsServer(tlsOptions(config), (_, response) => void send(file, response));
}

async function send(file: string, response: ServerResponse): Promise<void> {
  try {
    const { size } = await stat(file);
    response.writeHead(200, { "content-length": size });
    await pipeline(createReadStream(file), response);
  } catch (error) {
    response.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

/** As the gateway has them, so that only what is above TLS differs. */
function tlsOptions({ certificate, key, ca }: BaselineConfig): TlsOptions {
  return {
    cert: certificate,
    key,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    secureOptions: constants.SSL_OP_NO_TICKET,
    sessionTimeout: 1,
  };
}
