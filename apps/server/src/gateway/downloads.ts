import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { asMusterError, idDecoder, MusterError, parse } from "@muster/core";
import type { AgentDesk, ObjectStore } from "@muster/fleet";
import { READY_PATH } from "@muster/protocol/agent";
import type { DownloadPace } from "./download-pace.ts";
import { addressOf, type Peers } from "./peers.ts";
import { identityOf, type Peer } from "./peer.ts";
import type { GatewayLimits, GatewayLog } from "./ports.ts";
import { answerProblem } from "./problem.ts";
import { parseRange } from "./range.ts";
import { sendPieces } from "./send-pieces.ts";

/** A connection on which nothing moves for so long is closed. */
const IDLE_MS = 60_000;
const HEADER_MAX_BYTES = 8192;

export interface DownloadContext {
  readonly desk: AgentDesk;
  readonly objects: ObjectStore;
  readonly limits: GatewayLimits;
  readonly log: GatewayLog;
  readonly pace: DownloadPace;
  readonly now: () => number;
  readonly peers: Peers;
  readonly isAccepting: () => boolean;
}

export interface Downloads {
  readonly server: Server;
  readonly running: number;
  /** Cuts what is under way for agents that may have nothing any more: revoked, or with a certificate that expired. */
  sweep(now: number): void;
}

/** The HTTPS side: whether the gateway is ready, and each agent's own archive. */
export function createDownloads(context: DownloadContext): Downloads {
  const running = new Set<{ readonly agentId: string; readonly peer: Peer }>();

  async function download(
    request: IncomingMessage,
    response: ServerResponse,
    targetId: string,
  ): Promise<void> {
    const peer = context.peers.find(addressOf(request.socket));
    const identity = identityOf(peer, context.now());
    const { agentId } = identity;
    context.desk.admit(identity);
    const own = [...running].filter((other) => other.agentId === agentId).length;
    if (own >= context.limits.downloadsPerAgent) throw new MusterError("RATE_LIMITED", { downloads: own });
    if (running.size >= context.limits.downloads) {
      throw new MusterError("SERVER_OVERLOADED", { downloads: running.size });
    }
    const entry = { agentId, peer };
    running.add(entry);
    try {
      parse.decode(idDecoder, targetId, "DOWNLOAD_NOT_ALLOWED");
      await sendArtifact(request, response, {
        ...context,
        artifact: await context.desk.artifactOf(agentId, targetId),
      });
    } finally {
      running.delete(entry);
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ""] = (request.url ?? "").split("?", 1);
    if (request.method !== "GET") throw new MusterError("ROUTE_NOT_FOUND", { method: request.method ?? "" });
    if (path === READY_PATH) {
      if (!context.isAccepting()) throw new MusterError("SERVER_OVERLOADED");
      response.writeHead(200, { "content-type": "text/plain", "cache-control": "no-store" }).end("ready\n");
      return;
    }
    const [, targetId] = /^\/v1\/targets\/([^/]+)\/artifact$/.exec(path) ?? [];
    if (targetId === undefined) throw new MusterError("ROUTE_NOT_FOUND", { path: path.slice(0, 128) });
    await download(request, response, targetId);
  }

  const server = createServer({ maxHeaderSize: HEADER_MAX_BYTES }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      const { code, message } = asMusterError(error);
      if (code === "INTERNAL_UNEXPECTED")
        context.log.error({ problem: message, err: error }, "download failed");
      else context.log.info({ code, path: request.url?.slice(0, 128) }, "download refused");
      answerProblem(response, error);
    });
  });
  server.timeout = IDLE_MS;
  return {
    server,
    get running() {
      return running.size;
    },
    sweep: (now) => {
      for (const { agentId, peer } of running) {
        try {
          context.desk.admit(identityOf(peer, now));
        } catch (error) {
          context.log.info({ agentId, code: asMusterError(error).code }, "download cut");
          peer.socket.destroy();
        }
      }
    },
  };
}

async function sendArtifact(
  request: IncomingMessage,
  response: ServerResponse,
  {
    artifact,
    objects,
    log,
    pace,
  }: DownloadContext & { artifact: { readonly sha256: string; readonly sizeBytes: number } },
): Promise<void> {
  const { sha256, sizeBytes } = artifact;
  const range = parseRange(request.headers.range, sizeBytes);
  const etag = `"${sha256}"`;
  const headers = { etag, "accept-ranges": "bytes", "content-type": "application/gzip" };
  if (range.kind === "unsatisfiable") {
    response.writeHead(416, { ...headers, "content-range": `bytes */${sizeBytes}` }).end();
    return;
  }
  // RFC 9110 §13.1.5: part of another archive than the one the agent began with would be of no use to it.
  const changed = request.headers["if-range"] !== undefined && request.headers["if-range"] !== etag;
  const fromByte = range.kind === "from" && !changed ? range.fromByte : 0;
  const { size, content } = await objects.open(sha256, fromByte);
  if (size !== sizeBytes) {
    throw new MusterError("OBJECT_CORRUPT", { sha256, expectedBytes: sizeBytes, actualBytes: size });
  }
  response.writeHead(range.kind === "from" && !changed ? 206 : 200, {
    ...headers,
    "content-length": sizeBytes - fromByte,
    ...(range.kind === "from" &&
      !changed && { "content-range": `bytes ${fromByte}-${sizeBytes - 1}/${sizeBytes}` }),
  });
  try {
    await sendPieces(content, response, { log, pace });
  } catch (error) {
    // The agent went away, or the store broke off: it asks for the rest when it returns.
    log.info({ sha256, problem: asMusterError(error).message }, "download broke off");
    response.destroy();
  }
}
