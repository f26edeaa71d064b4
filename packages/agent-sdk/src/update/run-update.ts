import {
  MusterError,
  type Artifact,
  type Assignment,
  type HostLayout,
  type Platform,
  type Version,
} from "@muster/core";
import type { SignedManifest } from "@muster/trust";
import type { FetchArtifact } from "../connection/artifact-client.ts";
import type { PolicyReading } from "../host/policy-file.ts";
import type { AgentClock, AgentLog, Random } from "../ports.ts";
import { checkUpdate } from "./check-update.ts";
import { downloadArchive } from "./download.ts";
import { journalFloor, readTrustAnchor } from "./host-facts.ts";
import { throttle } from "./reports.ts";
import { partialArchive, prepareStaging, stageArchive, writeHandoff } from "./staging.ts";
import type { UpdateState } from "./update-state.ts";
import type { TakenUpdate, UpdateStore } from "./update-store.ts";

/** What an update is carried out with. */
export interface UpdateHost {
  readonly layout: HostLayout;
  readonly clock: AgentClock;
  readonly random: Random;
  readonly log: AgentLog;
  readonly product: string;
  readonly version: Version;
  readonly platform: Platform;
  /** The folder of the package that started this agent, or null. */
  readonly packageFolder: string | null;
  readonly policy: () => Promise<PolicyReading>;
  readonly freeBytes: (folder: string) => Promise<number>;
  readonly fetch: FetchArtifact;
  readonly store: UpdateStore;
}

/** One update, taken and written down. */
export interface UpdateJob {
  readonly update: TakenUpdate;
  /** Verified. */
  readonly assignment: Assignment;
  /** Not verified yet. */
  readonly signed: SignedManifest;
  /** Whether an earlier process took it. */
  readonly isResumed: boolean;
  /** Aborted with what the update is to end with; has no effect once it is handed over. */
  readonly signal: AbortSignal;
}

export interface UpdatePorts extends UpdateHost {
  readonly move: (next: UpdateState) => void;
}

/** An update needs room for the archive, its copy, and the unpacked tree. */
const SPACE_FACTOR = 3;

/**
 * Checks, downloads and hands over one update. Resolves when it is the updater's; throws what it was refused for, with
 * nothing handed over.
 */
export async function runUpdate(job: UpdateJob, ports: UpdatePorts): Promise<void> {
  const artifact = await check(job, ports);
  job.signal.throwIfAborted();
  await download(job, artifact, ports);
  job.signal.throwIfAborted();
  await handOver(job, artifact, ports);
}

async function check({ assignment, signed, isResumed }: UpdateJob, host: UpdateHost): Promise<Artifact> {
  const { clock, layout, product, version, platform } = host;
  // It was in time when it was taken; how long the work takes is not what the time is for.
  if (!isResumed && assignment.notAfter < clock.now()) {
    throw new MusterError("ASSIGNMENT_EXPIRED", { notAfter: assignment.notAfter, now: clock.now() });
  }
  const anchor = await readTrustAnchor(host.packageFolder);
  const { policy, problem } = await host.policy();
  if (problem) throw problem;
  const floor = await journalFloor(layout);
  const { artifact } = checkUpdate(assignment, signed, { product, version, platform, policy, floor, anchor });
  const free = await host.freeBytes(layout.root);
  const needed = SPACE_FACTOR * artifact.size;
  if (free < needed) throw new MusterError("DISK_SHORT", { free, needed });
  return artifact;
}

async function download(job: UpdateJob, artifact: Artifact, ports: UpdatePorts): Promise<void> {
  const { layout, move } = ports;
  const { targetId, downloadPath: path } = job.update;
  const { sha256, size: totalBytes } = artifact;
  await prepareStaging(layout, job.signed, sha256);
  move({ kind: "downloading", targetId, receivedBytes: 0, totalBytes });
  const isWorthTelling = throttle(ports.clock, totalBytes);
  const onProgress = (receivedBytes: number) => {
    if (isWorthTelling(receivedBytes)) move({ kind: "downloading", targetId, receivedBytes, totalBytes });
  };
  const file = partialArchive(layout, sha256);
  await downloadArchive({ file, path, artifact, signal: job.signal, onProgress }, ports);
  move({ kind: "verifying", targetId });
}

async function handOver(
  { update, assignment }: UpdateJob,
  { sha256 }: Artifact,
  ports: UpdatePorts,
): Promise<void> {
  const { layout, store, move, log } = ports;
  const { targetId, product, version, manifestDigest, allowDowngrade, limits } = assignment;
  move({ kind: "staging", targetId });
  await stageArchive(layout, sha256);
  // Before the handoff: a process that is cut off in between must not begin the update again.
  await store.change(() => ({ update: { ...update, phase: "handed_over" } }));
  await writeHandoff(layout, {
    schema: 1,
    targetId,
    product,
    version,
    manifestDigest,
    allowDowngrade,
    limits,
  });
  log.info("update handed over", { targetId, version });
  move({ kind: "handed_over", targetId });
}
