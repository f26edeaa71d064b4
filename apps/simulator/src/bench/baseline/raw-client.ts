import { createHash } from "node:crypto";
import { request } from "node:https";
import type { IncomingMessage } from "node:http";
import { connect, type SecureContext, type TLSSocket } from "node:tls";
import { MusterError } from "@muster/core";
import { eachBounded } from "../../fleet/bounded.ts";

/** Where a baseline listens, and as whom it is called. */
export interface BaselineEnd {
  readonly port: number;
  readonly context: SecureContext;
}

const HOST = "127.0.0.1";

/** Opens so many TLS connections, some at a time. */
export async function openSockets(
  { port, context }: BaselineEnd,
  count: number,
  atOnce: number,
): Promise<readonly TLSSocket[]> {
  const sockets: TLSSocket[] = [];
  await eachBounded(Array.from({ length: count }), atOnce, async () => {
    sockets.push(await openSocket(port, context));
  });
  return sockets;
}

/** A byte there and back: under TLS 1.3 the client is ready before the server has looked at its certificate. */
function openSocket(port: number, secureContext: SecureContext): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: HOST, port, secureContext });
    const refused = () => reject(new MusterError("SERVER_UNREACHABLE", { problem: "the baseline refused" }));
    socket.once("error", reject);
    socket.once("close", refused);
    socket.once("data", () => {
      socket.off("error", reject).off("close", refused);
      socket.on("error", () => socket.destroy());
      resolve(socket);
    });
    socket.write("?");
  });
}

/** Milliseconds from the call of `push` until each socket has received so many bytes. */
export async function timePush(
  sockets: readonly TLSSocket[],
  bytes: number,
  push: () => void,
): Promise<readonly number[]> {
  let startedAt = 0;
  const arrivals = sockets.map(
    (socket) =>
      new Promise<number>((resolve, reject) => {
        let received = 0;
        const lost = () => reject(new MusterError("SERVER_UNREACHABLE", { problem: "the baseline hung up" }));
        if (socket.destroyed) lost();
        socket.once("close", lost);
        const take = (piece: Buffer) => {
          received += piece.byteLength;
          if (received < bytes) return;
          socket.off("data", take).off("close", lost);
          resolve(performance.now() - startedAt);
        };
        socket.on("data", take);
      }),
  );
  startedAt = performance.now();
  push();
  return Promise.all(arrivals);
}

/** Downloads the baseline's file so many times, each on a connection of its own, hashing it; resolves with the time taken. */
export async function timeDownloads(
  { port, context }: BaselineEnd,
  count: number,
  atOnce: number,
): Promise<number> {
  const startedAt = performance.now();
  await eachBounded(Array.from({ length: count }), atOnce, () => download(port, context));
  return performance.now() - startedAt;
}

async function download(port: number, secureContext: SecureContext): Promise<void> {
  const options = { host: HOST, port, path: "/", secureContext, agent: false };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asking = request(options, resolve);
    asking.once("error", reject);
    asking.end();
  });
  const hash = createHash("sha256");
  for await (const piece of response as AsyncIterable<Uint8Array>) hash.update(piece);
  hash.digest();
}
