import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { asMusterError, isErrorCode, MusterError } from "@muster/core";
import type { TlsIdentity } from "./gateway-client.ts";

/** What a gateway sends of an archive. */
export interface ArtifactContent {
  /** Where the content begins: what was asked for, or 0. */
  readonly fromByte: number;
  /** The archive's digest as the gateway knows it, or null. */
  readonly sha256: string | null;
  /** Ends early by throwing. */
  readonly content: AsyncIterable<Uint8Array>;
}

export interface ArtifactQuestion {
  readonly path: string;
  readonly fromByte: number;
  readonly signal: AbortSignal;
}

/** Asks for an archive from a byte on. Throws the gateway's code, or `SERVER_UNREACHABLE`. */
export type FetchArtifact = (question: ArtifactQuestion) => Promise<ArtifactContent>;

/** A connection on which nothing comes for so long is given up. */
const STALLED_MS = 30_000;
const PROBLEM_MAX_BYTES = 65_536;

/** Downloads over HTTPS with the agent's certificate. */
export function createArtifactClient(address: string, identity: () => TlsIdentity): FetchArtifact {
  return ({ path, fromByte, signal }) =>
    new Promise((resolve, reject) => {
      const { ca, key, certificate } = identity();
      const headers: Record<string, string> = fromByte > 0 ? { range: `bytes=${fromByte}-` } : {};
      const asking = request(
        new URL(path, `https://${address}`),
        { ca, key, cert: certificate, agent: false, headers, signal, timeout: STALLED_MS },
        (response) => {
          contentOf(response, fromByte).then(resolve, reject);
        },
      );
      asking.on("timeout", () =>
        asking.destroy(new MusterError("SERVER_UNREACHABLE", { problem: "nothing came" })),
      );
      asking.on("error", (error) => reject(asMusterError(error, "SERVER_UNREACHABLE")));
      asking.end();
    });
}

async function contentOf(response: IncomingMessage, fromByte: number): Promise<ArtifactContent> {
  const { statusCode, headers } = response;
  const sha256 = /^"([0-9a-f]{64})"$/.exec(headers.etag ?? "")?.[1] ?? null;
  if (statusCode === 200) return { fromByte: 0, sha256, content: response };
  const start = /^bytes (\d{1,15})-/.exec(headers["content-range"] ?? "")?.[1];
  if (statusCode === 206 && Number(start) === fromByte) return { fromByte, sha256, content: response };
  throw await problemOf(response);
}

async function problemOf(response: IncomingMessage): Promise<MusterError> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Uint8Array>) {
    size += piece.byteLength;
    if (size > PROBLEM_MAX_BYTES) break;
    pieces.push(piece);
  }
  const status = response.statusCode ?? 0;
  const code = codeOf(Buffer.concat(pieces).toString("utf8"));
  return new MusterError(isErrorCode(code) ? code : "SERVER_UNREACHABLE", { status });
}

function codeOf(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && "code" in value ? value.code : undefined;
  } catch {
    // A proxy's page, not a gateway's answer.
    return undefined;
  }
}
