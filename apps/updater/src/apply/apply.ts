import { asMusterError, MESSAGE_MAX, MusterError, type Handoff, type Outcome } from "@muster/core";
import { stageRelease, type Release } from "../install/stage-release.ts";
import { loadJournal, recordEvent } from "../journal/journal-store.ts";
import { takeLock } from "../lock/folder-lock.ts";
import { withJournalLock } from "../lock/journal-lock.ts";
import { failedOutcome, type OutcomeSubject } from "../outcomes/outcome-of.ts";
import { readOutcome, writeOutcome } from "../outcomes/outcome-store.ts";
import type { Host } from "../ports.ts";
import { prepareRoot } from "../root/prepare-root.ts";
import { linkedVersion } from "../versions/links.ts";
import { checkRelease } from "./check-release.ts";
import { cleanUp } from "./clean-up.ts";
import { discardHandoff, readHandoff, setHandoffAside } from "./handoff-files.ts";
import { packageUpdate } from "./package-update.ts";
import { switchVersion } from "./switch-version.ts";
import type { Update } from "./update.ts";
import { watchUntilSteady } from "./watch.ts";

/** How a run of the updater ended. */
export type ApplyEnding =
  /** Nothing was handed over, and nothing was left to finish. */
  | { readonly kind: "idle" }
  | { readonly kind: "ended"; readonly outcome: Outcome }
  /** What was handed over names no target, so nobody can be told but the operator. */
  | { readonly kind: "refused"; readonly error: MusterError };

/**
 * Finishes whatever an updater before left, then takes the handoff through to its outcome, if there is one; without
 * one, a newer version that the package brings, if the owner's policy wants that. Throws
 * `UPDATE_IN_PROGRESS` when another updater is at work; every other trouble with an update ends as its outcome.
 */
export function applyHandoffs(host: Host): Promise<ApplyEnding> {
  return asTheUpdater(host, async () => {
    const left = await finishEarlier(host, 0);
    const handedOver = await applyHandoff(host);
    const ending = handedOver.kind === "idle" ? await applySeed(host) : handedOver;
    return ending.kind === "idle" ? left : ending;
  });
}

/**
 * Brings the host to rest after any interruption, reading the whole of what runs back from the disk; a handoff is left
 * for `applyHandoffs`. Throws `UPDATE_IN_PROGRESS`.
 */
export function recover(host: Host): Promise<ApplyEnding> {
  return asTheUpdater(host, () => finishEarlier(host, Number.POSITIVE_INFINITY));
}

async function asTheUpdater(host: Host, work: () => Promise<ApplyEnding>): Promise<ApplyEnding> {
  prepareRoot(host);
  const attempt = takeLock(host, host.layout.lock);
  if (attempt.kind === "busy") throw new MusterError("UPDATE_IN_PROGRESS", { pid: attempt.holder.pid });
  try {
    const ending = await work();
    await cleanUp(host);
    return ending;
  } finally {
    attempt.lock.release();
  }
}

async function finishEarlier(host: Host, hashBudgetBytes: number): Promise<ApplyEnding> {
  const { state } = await withJournalLock(host, () => loadJournal(host));
  if (state.kind !== "steady") host.say(`finishing the update to ${state.attempt.toVersion} (${state.kind})`);
  await watchUntilSteady(host, { hashBudgetBytes, takenOver: true });
  return state.kind === "steady" ? { kind: "idle" } : endingOf(host, state.attempt.targetId);
}

async function applyHandoff(host: Host): Promise<ApplyEnding> {
  const reading = readHandoff(host.layout);
  switch (reading.kind) {
    case "none":
      return { kind: "idle" };
    case "read":
      return takeUp(host, reading.handoff);
    case "invalid": {
      const { about, error, text } = reading;
      host.say(`${error.code}: ${error.message}`);
      setHandoffAside(host, text);
      if (about !== null)
        leaveFailure(host, { ...about, fromVersion: linkedVersion(host.layout.current) }, error);
      discardHandoff(host);
      return about === null ? { kind: "refused", error } : endingOf(host, about.targetId);
    }
  }
}

async function takeUp(host: Host, handoff: Handoff): Promise<ApplyEnding> {
  const { targetId, product, version: toVersion } = handoff;
  if (readOutcome(host, targetId) !== null) {
    // The same target again: it has its outcome, and is not done twice.
    discardHandoff(host);
    return endingOf(host, targetId);
  }
  const subject: OutcomeSubject = {
    targetId,
    product,
    fromVersion: linkedVersion(host.layout.current),
    toVersion,
  };
  return runUpdate(host, {
    subject,
    limits: handoff.limits,
    check: (journal) => checkRelease(host, handoff, journal),
    archive: host.layout.stagedArchive,
    // Once it is copied, what is in the agent's folder is a handoff of its own.
    onTaken: () => discardHandoff(host),
  });
}

async function applySeed(host: Host): Promise<ApplyEnding> {
  const update = packageUpdate(host);
  return update === null ? { kind: "idle" } : runUpdate(host, update);
}

/** Takes one update through to its outcome. */
async function runUpdate(host: Host, update: Update): Promise<ApplyEnding> {
  const { subject, archive, onTaken } = update;
  let taken = false;
  const take = () => {
    if (!taken) onTaken();
    taken = true;
  };
  try {
    const release = await takeRelease(host, update);
    host.say(`staging ${subject.toVersion}`);
    await stageRelease(host, { release, archive, area: "apply", onCopied: take });
  } catch (error) {
    await giveUp(host, subject, error);
    take();
    return endingOf(host, subject.targetId);
  }
  return activate(host, subject.targetId);
}

/** Checks what is to be installed, and writes down that it is under way. */
function takeRelease(host: Host, { subject, limits, check }: Update): Promise<Release> {
  return withJournalLock(host, () => {
    const release = check(loadJournal(host));
    const { manifest, digest } = release;
    const attempt = {
      ...subject,
      manifestDigest: digest,
      floor: manifest.floor ?? null,
      limits,
      startedAt: host.clock.now().wallMs,
    };
    recordEvent(host, { kind: "taken", attempt });
    return release;
  });
}

/** Ends an update of which nothing was switched. */
async function giveUp(host: Host, subject: OutcomeSubject, error: unknown): Promise<void> {
  await withJournalLock(host, () => {
    leaveFailure(host, subject, error);
    if (loadJournal(host).state.kind === "staged") recordEvent(host, { kind: "abandoned" });
  });
}

async function activate(host: Host, targetId: string): Promise<ApplyEnding> {
  const { state } = await withJournalLock(host, () => loadJournal(host));
  if (state.kind !== "staged") throw new MusterError("HOST_TRANSITION_INVALID", { state: state.kind });
  host.say(`switching to ${state.attempt.toVersion}`);
  try {
    await switchVersion(host, state.attempt);
  } catch (error) {
    const { code, message } = asMusterError(error);
    host.say(`the switch failed: ${code}: ${message}`);
    await withJournalLock(host, () => {
      if (loadJournal(host).state.kind !== "activating") return;
      recordEvent(host, { kind: "failed", cause: { code, message: message.slice(0, MESSAGE_MAX) } });
    });
  }
  await watchUntilSteady(host, { hashBudgetBytes: 0, takenOver: false });
  return endingOf(host, targetId);
}

/** Leaves the outcome of a failure, unless the target has one. */
function leaveFailure(host: Host, subject: OutcomeSubject, error: unknown): void {
  const outcome = failedOutcome(subject, error, host.clock.now());
  host.say(`${outcome.code}: ${outcome.message}`);
  if (readOutcome(host, subject.targetId) === null) writeOutcome(host, outcome);
}

function endingOf(host: Host, targetId: string): ApplyEnding {
  const outcome = readOutcome(host, targetId);
  if (outcome !== null) return { kind: "ended", outcome };
  return {
    kind: "refused",
    error: new MusterError("HOST_STATE_CORRUPT", { problem: "the outcome is not there" }),
  };
}
