import {
  acknowledgedDecoder,
  isPackageTarget,
  MESSAGE_MAX,
  MusterError,
  OUTPUT_TAIL_MAX,
  outcomeDecoder,
  outcomeFile,
  parse,
  type Outcome,
} from "@muster/core";
import { ensureFolder, READABLE_FILE, READABLE_FOLDER, writeDurably } from "../fs/durable.ts";
import { entryAt, namesIn, readSmallText } from "../fs/reading.ts";
import type { Host } from "../ports.ts";

const OUTCOME_MAX_BYTES = 262_144;
const ACKNOWLEDGED_MAX_BYTES = 262_144;
/** Unacknowledged outcomes that are kept; older ones give way, so that a host nobody hears does not fill up. */
const OUTCOMES_MAX = 200;

/** Leaves the outcome of a target for the agent to report. Idempotent. */
export function writeOutcome({ fs, layout }: Host, outcome: Outcome): void {
  ensureFolder(fs, layout.outcomes, READABLE_FOLDER);
  const fitting: Outcome = {
    ...outcome,
    message: outcome.message.slice(0, MESSAGE_MAX).toWellFormed(),
    outputTail: outcome.outputTail.slice(-OUTPUT_TAIL_MAX).toWellFormed(),
  };
  const text = `${JSON.stringify(fitting, null, 2)}\n`;
  writeDurably(fs, outcomeFile(layout, outcome.targetId), new TextEncoder().encode(text), READABLE_FILE);
}

/** How a target ended on this host; null if it has not, or the outcome is reported and gone. */
export function readOutcome({ layout }: Pick<Host, "layout">, targetId: string): Outcome | null {
  const text = readSmallText(outcomeFile(layout, targetId), { maxBytes: OUTCOME_MAX_BYTES });
  return text === null ? null : parse.decodeJson(outcomeDecoder, text, "OUTCOME_INVALID");
}

/** The targets whose outcomes are still here. */
function outcomeTargets({ layout }: Pick<Host, "layout">): readonly string[] {
  return namesIn(layout.outcomes)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length));
}

/** The targets whose outcomes the gateway has not taken yet. */
export function unreportedTargets(host: Pick<Host, "layout">): readonly string[] {
  const taken = new Set(acknowledgedTargets(host.layout.acknowledged));
  return outcomeTargets(host).filter((target) => !taken.has(target) && !isPackageTarget(target));
}

/** Removes the outcomes that the gateway has taken, and the oldest when there are very many. */
export function pruneOutcomes(host: Host): void {
  const { fs, layout } = host;
  const taken = new Set(acknowledgedTargets(layout.acknowledged));
  const kept = outcomeTargets(host).filter((target) => {
    const over = taken.has(target) || isPackageTarget(target);
    if (over) fs.removeFile(outcomeFile(layout, target));
    return !over;
  });
  const byAge = kept
    .map((target) => ({ target, writtenAt: entryAt(outcomeFile(layout, target))?.mtimeMs ?? 0 }))
    .toSorted((a, b) => a.writtenAt - b.writtenAt);
  for (const { target } of byAge.slice(0, Math.max(0, byAge.length - OUTCOMES_MAX))) {
    fs.removeFile(outcomeFile(layout, target));
  }
}

/** The agent's word; one that is damaged acknowledges nothing. */
function acknowledgedTargets(path: string): readonly string[] {
  try {
    const text = readSmallText(path, { maxBytes: ACKNOWLEDGED_MAX_BYTES });
    return text === null ? [] : parse.decodeJson(acknowledgedDecoder, text, "OUTCOME_INVALID").targetIds;
  } catch (error) {
    if (error instanceof MusterError) return [];
    throw error;
  }
}
