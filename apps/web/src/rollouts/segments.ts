import type { RolloutView } from "@muster/protocol/http";
import type { TargetGroup } from "../api/api.ts";
import { SILENT_LOOK, type StateLook, TARGET_LOOK } from "../ui/states.ts";

type Counts = RolloutView["counts"];

/** One part of a bar. */
export interface Segment {
  readonly group: TargetGroup;
  readonly look: StateLook;
  readonly value: number;
}

const IN_PROGRESS_LOOK: StateLook = { word: "In progress", icon: "running", tone: "progress" };

/**
 * The parts of a cohort in the order in which they lie in a bar: what is done, what moves, what went wrong, what is to
 * come. They do not overlap: silent targets are counted as in progress by the server and are taken out of those here.
 */
export function segmentsOf(counts: Counts): Segment[] {
  return [
    { group: "healthy", look: TARGET_LOOK.healthy, value: counts.healthy },
    { group: "in_progress", look: IN_PROGRESS_LOOK, value: Math.max(0, counts.inProgress - counts.silent) },
    { group: "silent", look: SILENT_LOOK, value: counts.silent },
    { group: "rolled_back", look: TARGET_LOOK.rolled_back, value: counts.rolledBack },
    { group: "failed", look: TARGET_LOOK.failed, value: counts.failed },
    { group: "pending", look: TARGET_LOOK.pending, value: counts.pending },
    { group: "canceled", look: TARGET_LOOK.canceled, value: counts.canceled },
  ];
}

/** How many targets have come to an end, whichever. */
export function endedCount({ healthy, failed, rolledBack, canceled }: Counts): number {
  return healthy + failed + rolledBack + canceled;
}

/** A bar in one sentence: `288 healthy, 48 in progress, 1,711 pending`. */
export function segmentsInWords(counts: Counts): string {
  const parts = segmentsOf(counts)
    .filter(({ value }) => value > 0)
    .map(({ value, look }) => `${value.toLocaleString("en")} ${look.word.toLowerCase()}`);
  return parts.length === 0 ? "no agents" : parts.join(", ");
}
