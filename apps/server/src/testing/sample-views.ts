import { MusterError } from "@muster/core";
import type { ReleaseKey } from "@muster/fleet";
import {
  type OverviewView,
  overviewSchema,
  releaseSchema,
  type ReleaseView,
  type RolloutView,
  rolloutSchema,
  type TargetView,
  targetSchema,
} from "@muster/protocol/http";

const NO_COUNTS = {
  planned: 1,
  pending: 0,
  inProgress: 1,
  healthy: 0,
  failed: 0,
  rolledBack: 0,
  silent: 0,
  canceled: 0,
};

export function sampleOverview(changes: Partial<OverviewView> = {}): OverviewView {
  return overviewSchema.parse({
    agents: 2,
    online: 1,
    offline: 1,
    unknownVersion: 0,
    failed: 0,
    stuck: 0,
    versions: [{ product: "app", version: "1.0.0", count: 2 }],
    platforms: [{ os: "linux", arch: "amd64", count: 2 }],
    targetStates: { healthy: 1, pending: 1 },
    activeRollouts: [],
    ...changes,
  });
}

export function sampleRelease({ product, version }: ReleaseKey): ReleaseView {
  return releaseSchema.parse({
    product,
    version,
    channel: "stable",
    notes: "",
    floor: null,
    manifestDigest: "0".repeat(64),
    state: "mirroring",
    code: null,
    message: null,
    publishedAt: 1,
    publishedBy: "administrator",
    signedBy: ["key 1"],
    origin: null,
    artifacts: [{ os: "linux", arch: "amd64", sha256: "0", size: 2, mirrored: false, mirroredBytes: 1 }],
  });
}

export function sampleRollout(id: string, changes: Partial<RolloutView> = {}): RolloutView {
  return rolloutSchema.parse({
    id,
    spec: {
      product: "app",
      version: "1.1.0",
      cohort: { kind: "all" },
      strategy: { kind: "immediate" },
      maxInFlight: 10,
      failurePolicy: { threshold: { count: 1 }, action: "pause", silentAfterMs: 60_000 },
      allowDowngrade: false,
      limits: { deadlineMs: 180_000, stabilizationMs: 10_000, maxBoots: 3 },
      deadlines: {
        dispatched: 60_000,
        downloading: 60_000,
        verifying: 60_000,
        staging: 60_000,
        restarting: 300_000,
      },
      priority: "normal",
      startAt: null,
      windows: [],
      spread: null,
      maxDownloads: null,
      offline: { doneAtPercent: null, expireAfterMs: null },
      sliceLabels: [],
    },
    state: "running",
    pauseCause: null,
    reason: "in_progress",
    since: 1,
    createdAt: 1,
    createdBy: "administrator",
    endedAt: null,
    revision: 1,
    touched: 1,
    touchedAtHalt: null,
    heldSlices: [],
    counts: NO_COUNTS,
    waves: [],
    verbs: [{ verb: "pause", allowed: true, why: "Nothing more is dispatched." }],
    ...changes,
  });
}

export function sampleTarget(id: string, changes: Partial<TargetView> = {}): TargetView {
  return targetSchema.parse({
    id,
    rolloutId: "r1",
    agentId: "a1",
    hostname: "host-1",
    purpose: "update",
    attempt: 1,
    wave: 0,
    fromVersion: "1.0.0",
    toVersion: "1.1.0",
    state: "downloading",
    silent: false,
    receivedBytes: 1,
    totalBytes: 2,
    code: null,
    message: null,
    outputTail: null,
    survivingVersion: null,
    downtimeMs: null,
    reason: null,
    since: 1,
    progressAt: 1,
    ...changes,
  });
}

export function notFound(kind: string, id: string): MusterError {
  return new MusterError("RESOURCE_NOT_FOUND", { kind, id });
}
