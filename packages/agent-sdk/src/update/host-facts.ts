import {
  JOURNAL_MAX_BYTES,
  MusterError,
  readGenerations,
  type HostLayout,
  type Journal,
  type ProbationLimits,
  type Recovery,
  type Version,
} from "@muster/core";
import { parseTrustAnchor, type TrustAnchor } from "@muster/trust";
import { readIfThere } from "../host/files.ts";

const ANCHOR_MAX_BYTES = 65_536;

/**
 * The package's trust anchor; `TRUST_ANCHOR_INVALID`. What the agent verifies with it is only the first look: the
 * updater reads its own.
 */
export async function readTrustAnchor(packageFolder: string | null): Promise<TrustAnchor> {
  if (packageFolder === null)
    throw new MusterError("TRUST_ANCHOR_INVALID", { problem: "no package started this agent" });
  const path = `${packageFolder}/trust-anchor.json`;
  const bytes = await readIfThere(path, ANCHOR_MAX_BYTES);
  if (bytes === null) throw new MusterError("TRUST_ANCHOR_INVALID", { path, problem: "is missing" });
  return parseTrustAnchor(bytes);
}

/**
 * The lowest version this host may install, as its updater's journal has it; null if there is none to read. A first look,
 * like all that the agent checks: the updater decides.
 */
export async function journalFloor(layout: HostLayout): Promise<Version | null> {
  return (await readJournal(layout))?.floor ?? null;
}

/** The target that the updater has under way, also while no updater runs: one that was cut off comes back to it. */
export async function journalTarget(layout: HostLayout): Promise<string | null> {
  const state = (await readJournal(layout))?.state;
  return state === undefined || state.kind === "steady" ? null : state.attempt.targetId;
}

/** What a version on probation has to keep to; null if none is. */
export async function journalProbation(layout: HostLayout): Promise<ProbationLimits | null> {
  const state = (await readJournal(layout))?.state;
  return state?.kind === "probation" ? state.attempt.limits : null;
}

/** How this host last left a version that ended again and again; null if it never has. */
export async function journalRecovery(layout: HostLayout): Promise<Recovery | null> {
  return (await readJournal(layout))?.recovery ?? null;
}

async function readJournal({ journalA, journalB }: HostLayout): Promise<Journal | null> {
  const [a, b] = await Promise.all([journalText(journalA), journalText(journalB)]);
  const reading = readGenerations({ a, b });
  return reading.kind === "read" ? reading.journal : null;
}

async function journalText(path: string): Promise<string | null> {
  const bytes = await readIfThere(path, JOURNAL_MAX_BYTES);
  return bytes === null ? null : bytes.toString();
}
