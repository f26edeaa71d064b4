import { asMusterError, MusterError } from "@muster/core";
import type { EventJournal } from "../events/ports.ts";
import type { Clock, ObjectStore } from "../ports.ts";
import type { Database } from "../store/database.ts";
import type { ArtifactRow } from "../store/schema.ts";
import type { ArtifactFetcher, ArtifactLocation, ReleaseKey } from "./ports.ts";
import { markMirrored, moveRelease, readArtifacts, readRelease, stateKind } from "./release-rows.ts";

/** Pauses before a fetch is tried again, in milliseconds. */
const RETRY_AFTER_MS = [2000, 10_000, 30_000] as const;
/** Attempts in all, however far each of them comes. */
const ATTEMPTS_MAX = 100;
/** A host that asks for more is not waited for, in milliseconds. */
const LONGEST_WAIT_MS = 15 * 60_000;
/** Answers of a host that may be another the next time (RFC 9110 §15.5, RFC 6585 §4). */
const PASSING_STATUSES = [408, 425, 429];

export interface MirrorPorts {
  readonly db: Database;
  readonly objects: ObjectStore;
  readonly fetcher: ArtifactFetcher;
  /** Where an artifact is; asked before each attempt. What it throws ends the mirroring. */
  readonly locate: (artifact: ArtifactRow) => Promise<ArtifactLocation>;
  readonly clock: Clock;
  readonly events: EventJournal;
  /** Told when a release's state or progress has changed. */
  readonly onChange: (key: ReleaseKey) => void;
  readonly onProgress: (sha256: string, storedBytes: number) => void;
}

/**
 * Brings what is missing of a release into the object store, one artifact after the other, and leaves the release ready or
 * failed. Aborted, it leaves the release as it is: mirroring. Does nothing for a release in another state.
 */
export async function mirrorRelease(ports: MirrorPorts, key: ReleaseKey, signal: AbortSignal): Promise<void> {
  if (signal.aborted || stateKind(await readRelease(ports.db, key)) !== "mirroring") return;
  try {
    for (const artifact of await readArtifacts(ports.db, key)) {
      if (artifact.mirrored === 1) continue;
      if (!(await ports.objects.has(artifact.sha256))) await fetchWithRetries(ports, artifact, signal);
      await ports.db
        .transaction()
        .execute((trx) => markMirrored(trx, key, { ...artifact, events: ports.events }));
      ports.onChange(key);
    }
  } catch (error) {
    if (signal.aborted) return;
    await ports.db.transaction().execute((trx) => markFailed(ports, trx, { key, error }));
    ports.onChange(key);
  }
}

/** Goes on where the attempt before has stopped; only attempts in a row that bring nothing are counted. */
async function fetchWithRetries(
  ports: MirrorPorts,
  artifact: ArtifactRow,
  signal: AbortSignal,
): Promise<void> {
  let furthest = 0;
  let failures = 0;
  for (let attempt = 1; ; attempt += 1) {
    let reached = 0;
    const onProgress = (bytes: number) => {
      reached = bytes;
      ports.onProgress(artifact.sha256, bytes);
    };
    try {
      await fetchOnce({ ...ports, onProgress }, artifact, signal);
      return;
    } catch (error) {
      signal.throwIfAborted();
      failures = reached > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, reached);
      const afterMs = RETRY_AFTER_MS[failures - 1];
      if (afterMs === undefined || attempt >= ATTEMPTS_MAX || !mayPass(error)) throw error;
      await pause(ports.clock, Math.max(afterMs, askedToWait(error)), signal);
    }
  }
}

async function fetchOnce(
  {
    objects,
    fetcher,
    locate,
    onProgress,
  }: Pick<MirrorPorts, "objects" | "fetcher" | "locate"> & {
    readonly onProgress: (storedBytes: number) => void;
  },
  artifact: ArtifactRow,
  signal: AbortSignal,
): Promise<void> {
  const { sha256, size } = artifact;
  const location = await locate(artifact);
  await objects.putResumable({ sha256, sizeBytes: size, onProgress }, (from) =>
    fetcher.fetch({ location, from, maxBytes: size, signal }),
  );
}

/** Whether the same fetch can end otherwise later. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof MusterError) || error.code !== "MIRROR_FETCH_FAILED") return false;
  const { status } = error.details;
  const isPassing = typeof status !== "number" || status >= 500 || PASSING_STATUSES.includes(status);
  return isPassing && askedToWait(error) <= LONGEST_WAIT_MS;
}

/** How long the host wants to be left alone, in milliseconds. */
function askedToWait(error: unknown): number {
  const asked = error instanceof MusterError ? error.details["retryAfterMs"] : 0;
  return typeof asked === "number" ? asked : 0;
}

/** Resolves after `afterMs`; rejects with the signal's reason. */
function pause(clock: Clock, afterMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const callOff = clock.wakeAt(clock.now() + afterMs, resolve);
  const abort = () => {
    callOff();
    reject(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  return promise.finally(() => signal.removeEventListener("abort", abort));
}

/** An upload may have finished the release meanwhile; then there is nothing to mark. */
async function markFailed(
  { events }: Pick<MirrorPorts, "events">,
  trx: Database,
  { key, error }: { readonly key: ReleaseKey; readonly error: unknown },
): Promise<void> {
  if (stateKind(await readRelease(trx, key)) !== "mirroring") return;
  const { code, message } = asMusterError(error);
  await moveRelease(trx, key, { to: { kind: "failed", code, message }, events });
}
