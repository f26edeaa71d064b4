import { MESSAGE_MAX, type Assignment, type MusterError, type Outcome, type Version } from "@muster/core";
import type { ProgressReport } from "@muster/protocol/agent";
import type { AgentClock } from "../ports.ts";
import type { UpdateState } from "./update-state.ts";

/** What the gateway is told of a state, or null for one it need not know. */
export function progressOf(state: UpdateState): ProgressReport | null {
  switch (state.kind) {
    case "idle":
    case "checking":
      return null;
    case "downloading": {
      const { targetId, receivedBytes, totalBytes } = state;
      return { targetId, stage: "downloading", receivedBytes, totalBytes };
    }
    case "verifying":
    case "staging":
      return { targetId: state.targetId, stage: state.kind, receivedBytes: 0, totalBytes: 0 };
    case "handed_over":
      break;
  }
  return { targetId: state.targetId, stage: "restarting", receivedBytes: 0, totalBytes: 0 };
}

/** A download is told of at most so often, in milliseconds, and for at least a percent. */
const TOLD_EVERY_MS = 400;

/** Whether a download's progress is worth telling. */
export function throttle(clock: AgentClock, totalBytes: number): (receivedBytes: number) => boolean {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let toldBytes = Number.NEGATIVE_INFINITY;
  return (receivedBytes) => {
    const nowMs = clock.monotonicMs();
    const back = receivedBytes < toldBytes;
    if (!back && (nowMs - toldAtMs < TOLD_EVERY_MS || receivedBytes - toldBytes < totalBytes / 100))
      return false;
    toldAtMs = nowMs;
    toldBytes = receivedBytes;
    return true;
  };
}

/** The outcome of an update that ended before anything was switched. */
export function outcomeBeforeSwitch(
  { targetId, product, version: toVersion }: Assignment,
  problem: MusterError,
  host: { readonly version: Version; readonly clock: AgentClock },
): Outcome {
  // What was asked for is so already.
  const isThere = problem.code === "UPDATE_NOT_NEEDED";
  return {
    schema: 1,
    targetId,
    product,
    result: isThere ? "healthy" : "failed",
    survivingVersion: host.version,
    fromVersion: host.version,
    toVersion,
    code: isThere ? null : problem.code,
    message: problem.message.slice(0, MESSAGE_MAX).toWellFormed(),
    outputTail: "",
    endedAt: host.clock.now(),
    downtimeMs: null,
  };
}
