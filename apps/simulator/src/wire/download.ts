import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { SecureContext } from "node:tls";
import { asMusterError, isErrorCode, MusterError } from "@muster/core";
import type { GatewayAddress } from "./gateway-address.ts";

export interface Download {
  readonly gateway: GatewayAddress;
  readonly context: SecureContext;
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** How long to stand still at the middle, in milliseconds. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
}

/** Nothing comes for so long. */
const STALLED_MS = 60_000;

/**
 * Downloads an archive on a connection of its own and hashes it; nothing is kept. Throws `ARTIFACT_DIGEST_MISMATCH`,
 * `ARTIFACT_SIZE_MISMATCH`, the gateway's code, or `SERVER_UNREACHABLE`.
 */
export async function downloadArchive(download: Download): Promise<void> {
  const response = await ask(download);
  if (response.statusCode !== 200) throw await problemOf(response);
  const hash = createHash("sha256");
  let receivedBytes = 0;
  let isPauseDue = download.pauseMs > 0;
  try {
    for await (const piece of response as AsyncIterable<Uint8Array>) {
      hash.update(piece);
      receivedBytes += piece.byteLength;
      if (isPauseDue && receivedBytes * 2 >= download.sizeBytes) {
        isPauseDue = false;
        await pause(download.pauseMs, download.signal);
      }
    }
  } catch (error) {
    throw asMusterError(error, "SERVER_UNREACHABLE");
  }
  if (receivedBytes !== download.sizeBytes) {
    throw new MusterError("ARTIFACT_SIZE_MISMATCH", { expected: download.sizeBytes, actual: receivedBytes });
  }
  const actual = hash.digest("hex");
  if (actual !== download.sha256) {
    throw new MusterError("ARTIFACT_DIGEST_MISMATCH", { expected: download.sha256, actual });
  }
}

function ask({ gateway, context, path, signal }: Download): Promise<IncomingMessage> {
  const { host, port } = gateway;
  return new Promise((resolve, reject) => {
    const options = { host, port, path, secureContext: context, agent: false, signal, timeout: STALLED_MS };
    const asking = request(options, resolve);
    asking.on("timeout", () => asking.destroy(new Error("nothing came")));
    asking.on("error", (error) => reject(asMusterError(error, "SERVER_UNREACHABLE")));
    asking.end();
  });
}

async function problemOf(response: IncomingMessage): Promise<MusterError> {
  const pieces: Uint8Array[] = [];
  for await (const piece of response as AsyncIterable<Uint8Array>) pieces.push(piece);
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

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(asMusterError(signal.reason));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
