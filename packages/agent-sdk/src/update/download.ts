import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { asMusterError, MusterError, type Artifact, type ErrorCode } from "@muster/core";
import { backoffMs } from "../connection/backoff.ts";
import type { FetchArtifact } from "../connection/artifact-client.ts";
import { hostStep, READABLE_FILE } from "../host/files.ts";
import type { AgentClock, AgentLog, Random } from "../ports.ts";
import { waitFor } from "./wait.ts";

export interface Download {
  /** Where the archive grows; what is there already is kept. */
  readonly file: string;
  /** On the gateway. */
  readonly path: string;
  readonly artifact: Pick<Artifact, "sha256" | "size">;
  /** Aborted with the error that the download is to end with. */
  readonly signal: AbortSignal;
  readonly onProgress: (receivedBytes: number) => void;
}

export interface DownloadPorts {
  readonly fetch: FetchArtifact;
  readonly clock: AgentClock;
  readonly random: Random;
  readonly log: AgentLog;
}

/** How long to go on without a new byte: the time a gateway may be away. */
const PATIENCE_MS = 15 * 60_000;
const READ_BYTES = 256 * 1024;

/** What trying again would not mend. Everything else is taken for the gateway's trouble, or the network's. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  "DOWNLOAD_NOT_ALLOWED",
  "ARTIFACT_DIGEST_MISMATCH",
  "ARTIFACT_SIZE_MISMATCH",
  "DISK_SHORT",
  "HOST_FILE_FAILED",
]);

/** The archive as far as it has come. */
interface Partial {
  readonly handle: FileHandle;
  hash: Hash;
  receivedBytes: number;
}

/**
 * Downloads an archive, going on where it broke off, after a lost connection and after a restart; its content is durable
 * and has the signed digest when this resolves. Throws `ARTIFACT_DIGEST_MISMATCH`, `ARTIFACT_SIZE_MISMATCH`,
 * `DOWNLOAD_NOT_ALLOWED`, `DOWNLOAD_FAILED`, `DISK_SHORT`, `HOST_FILE_FAILED`, or what the signal was aborted with.
 */
export async function downloadArchive(download: Download, ports: DownloadPorts): Promise<void> {
  const { file, artifact } = download;
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const handle = await hostStep(file, () => open(file, flags, READABLE_FILE));
  try {
    const partial = await takeUp(handle, artifact.size);
    const isResumed = partial.receivedBytes > 0;
    await receiveAll(partial, download, ports);
    if (digestOf(partial) !== artifact.sha256 && isResumed) {
      // What an earlier process left behind may have been damaged by a power cut.
      ports.log.warn("the archive's beginning was damaged; downloading it anew", { file });
      await restart(partial);
      await receiveAll(partial, download, ports);
    }
    const actual = digestOf(partial);
    if (actual !== artifact.sha256) {
      await restart(partial);
      throw new MusterError("ARTIFACT_DIGEST_MISMATCH", { expected: artifact.sha256, actual });
    }
    await hostStep(file, () => handle.sync());
  } finally {
    await handle.close();
  }
}

async function receiveAll(partial: Partial, download: Download, ports: DownloadPorts): Promise<void> {
  const { clock, random, log } = ports;
  const { size } = download.artifact;
  let failures = 0;
  let progressAtMs = clock.monotonicMs();
  const onProgress = (receivedBytes: number) => {
    failures = 0;
    progressAtMs = clock.monotonicMs();
    download.onProgress(receivedBytes);
  };
  download.onProgress(partial.receivedBytes);
  while (partial.receivedBytes < size) {
    try {
      await receiveSome(partial, { ...download, onProgress }, ports);
      if (partial.receivedBytes >= size) return;
      throw new MusterError("DOWNLOAD_FAILED", {
        problem: "the content ended early",
        receivedBytes: partial.receivedBytes,
      });
    } catch (error) {
      download.signal.throwIfAborted();
      const problem = asMusterError(error, "DOWNLOAD_FAILED");
      if (FINAL.has(problem.code)) throw problem;
      if (clock.monotonicMs() - progressAtMs > PATIENCE_MS) {
        throw new MusterError("DOWNLOAD_FAILED", { problem: problem.message }, { cause: error });
      }
      const delayMs = backoffMs(failures, { random });
      failures += 1;
      log.info("download broke off", { code: problem.code, problem: problem.message, inMs: delayMs });
      await waitFor(clock, delayMs, download.signal);
      download.signal.throwIfAborted();
    }
  }
}

async function receiveSome(partial: Partial, download: Download, { fetch }: DownloadPorts): Promise<void> {
  const { path, signal, artifact, file } = download;
  const answer = await fetch({ path, fromByte: partial.receivedBytes, signal });
  if (answer.sha256 !== null && answer.sha256 !== artifact.sha256) {
    throw new MusterError("ARTIFACT_DIGEST_MISMATCH", { expected: artifact.sha256, actual: answer.sha256 });
  }
  if (answer.fromByte !== partial.receivedBytes) await restart(partial);
  for await (const piece of answer.content) {
    signal.throwIfAborted();
    const receivedBytes = partial.receivedBytes + piece.byteLength;
    if (receivedBytes > artifact.size) {
      throw new MusterError("ARTIFACT_SIZE_MISMATCH", { expected: artifact.size, actual: receivedBytes });
    }
    await hostStep(file, () => writeWhole(partial.handle, piece, partial.receivedBytes));
    partial.hash.update(piece);
    partial.receivedBytes = receivedBytes;
    download.onProgress(receivedBytes);
  }
}

/** Reads back what is there, so that hashing can go on behind it. More than the whole archive is no beginning of it. */
async function takeUp(handle: FileHandle, size: number): Promise<Partial> {
  const partial: Partial = { handle, hash: createHash("sha256"), receivedBytes: 0 };
  const { size: there } = await handle.stat();
  if (there > size) {
    await restart(partial);
    return partial;
  }
  const piece = Buffer.allocUnsafe(READ_BYTES);
  for (;;) {
    const { bytesRead } = await handle.read(piece, 0, READ_BYTES, partial.receivedBytes);
    if (bytesRead === 0) return partial;
    partial.hash.update(piece.subarray(0, bytesRead));
    partial.receivedBytes += bytesRead;
  }
}

async function restart(partial: Partial): Promise<void> {
  await partial.handle.truncate(0);
  partial.hash = createHash("sha256");
  partial.receivedBytes = 0;
}

async function writeWhole(handle: FileHandle, piece: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < piece.byteLength; ) {
    const { bytesWritten } = await handle.write(piece, done, piece.byteLength - done, position + done);
    done += bytesWritten;
  }
}

const digestOf = ({ hash }: Partial) => hash.copy().digest("hex");
