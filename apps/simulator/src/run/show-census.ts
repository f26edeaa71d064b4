import type { Census } from "../fleet/census.ts";
import type { Phase } from "./run.ts";

/** A census in one line. */
export function censusLine(census: Census, phase: Phase): string {
  const { agents, enrolled, online, gone, healthy, failed, rolledBack } = census;
  if (phase === "enrolling") return `enrolled ${enrolled} of ${agents}${troublesOf(census)}`;
  if (phase === "connecting") return `connected ${online} of ${agents}${troublesOf(census)}`;
  const { idle, ...stages } = census.activities;
  const underWay = Object.entries(stages).filter(([, count]) => count > 0);
  const parts = [
    `online ${online} of ${agents}`,
    underWay.length === 0
      ? `${idle} idle`
      : `under way: ${underWay.map(([stage, count]) => `${count} ${stage}`).join(", ")}`,
    `ended: ${healthy} healthy, ${failed} failed, ${rolledBack} rolled back`,
    ...(gone > 0 ? [`${gone} gone`] : []),
    versionsOf(census),
  ];
  return `${parts.join(" · ")}${troublesOf(census)}`;
}

function versionsOf({ versions }: Census): string {
  const counted = Object.entries(versions).toSorted(([, left], [, right]) => right - left);
  return counted.map(([version, count]) => `${version}: ${count}`).join(", ");
}

function troublesOf({ troubles }: Census): string {
  const counted = Object.entries(troubles);
  if (counted.length === 0) return "";
  return ` · ${counted.map(([code, count]) => `${code} × ${count}`).join(", ")}`;
}
