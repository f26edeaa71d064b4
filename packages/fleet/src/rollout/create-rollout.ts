import { assignWaves, MusterError, NO_QUARANTINE, type Target, type Wave } from "@muster/core";
import type { NewRollout } from "./controller/write-draft.ts";
import type { PlannedRollout } from "./preview.ts";

/** A rollout as it begins, with its waves and who is in them fixed. Throws `ROLLOUT_COHORT_EMPTY`. */
export function newRollout(
  { spec, preview }: PlannedRollout,
  {
    newId,
    now,
    createdBy,
  }: { readonly newId: () => string; readonly now: number; readonly createdBy: string },
): NewRollout {
  if (preview.ready.length === 0) {
    throw new MusterError("ROLLOUT_COHORT_EMPTY", { excluded: preview.excluded.length });
  }
  const id = newId();
  const versions = new Map(preview.ready.map((agent) => [agent.id, agent.version]));
  const members = assignWaves(spec.strategy, id, [...versions.keys()]);
  const waves = members.map(
    (_, index): Wave => ({
      index,
      state: { kind: "waiting" },
      since: now,
      openedAt: null,
      approved: false,
      approvedBy: [],
      forgivenBefore: 0,
      reason: null,
    }),
  );
  const targets = members.flatMap((agentIds, wave) =>
    agentIds.map(
      (agentId): Target => ({
        id: newId(),
        rolloutId: id,
        agentId,
        purpose: "update",
        attempt: 1,
        wave,
        fromVersion: versions.get(agentId) ?? null,
        toVersion: spec.version,
        state: { kind: "pending" },
        since: now,
        progressAt: now,
        reason: null,
      }),
    ),
  );
  return {
    rollout: {
      id,
      spec,
      state: { kind: "scheduled" },
      since: now,
      reason: null,
      createdAt: now,
      createdBy,
      revision: 1,
      waves,
      lastBatchAt: null,
      touchedAtHalt: null,
      quarantine: NO_QUARANTINE,
    },
    targets,
  };
}
