import { type DesiredDecision, MusterError, previewCohort } from "@muster/core";
import type { Controller } from "../rollout/controller/controller.ts";
import { readCandidates } from "../rollout/candidates.ts";
import { newRollout } from "../rollout/create-rollout.ts";
import { busyAgents, readReleaseFacts } from "../rollout/preview.ts";
import type { Clock } from "../ports.ts";
import type { Database } from "../store/database.ts";

export interface StartPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly controller: Pick<Controller, "inTurn" | "add" | "openRollouts">;
}

type Start = Extract<DesiredDecision, { readonly kind: "start_rollout" }>;

/**
 * Begins a rollout that was decided on, if everything is still as it was then: the release is ready, the desired state is
 * at the same revision, and none of its rollouts is under way. Otherwise nothing happens, and false is answered: it is
 * decided anew.
 */
export function startGroupRollout(
  { db, clock, newId, controller }: StartPorts,
  { groupId, rollout: kind, spec, agentIds }: Start,
  expected: { readonly revision: number; readonly createdBy: string },
): Promise<boolean> {
  return controller.inTurn(async () => {
    const release = await readReleaseFacts(db, spec);
    const named = { ...spec, cohort: { kind: "agents" as const, ids: agentIds } };
    const noFilter = { hearing: { now: 0, listeningSince: 0 }, membersOf: () => null };
    const agents = await readCandidates(db, named, noFilter);
    const busy = busyAgents(controller.openRollouts());
    const preview = previewCohort({ spec, release, agents, busy, resolved: () => true });
    if (preview.ready.length === 0) return false;
    const { createdBy } = expected;
    const created = newRollout({ spec, preview }, { newId, now: clock.now(), createdBy });
    const { product, version } = spec;
    try {
      await controller.add(created, async (trx) => {
        await requireUnchanged(trx, { groupId, product, revision: expected.revision });
        await trx
          .insertInto("group_rollouts")
          .values({ rollout_id: created.rollout.id, group_id: groupId, product, version, kind })
          .execute();
      });
    } catch (error) {
      if (error instanceof MusterError && error.code === "RESOURCE_CONFLICT") return false;
      throw error;
    }
    return true;
  });
}

/** Throws `RESOURCE_CONFLICT` if the desired state has changed, or one of its rollouts has not ended. */
async function requireUnchanged(
  trx: Database,
  {
    groupId,
    product,
    revision,
  }: { readonly groupId: string; readonly product: string; readonly revision: number },
): Promise<void> {
  const state = await trx
    .selectFrom("group_desired")
    .select("revision")
    .where("group_id", "=", groupId)
    .where("product", "=", product)
    .executeTakeFirst();
  const active = await trx
    .selectFrom("group_rollouts")
    .innerJoin("rollouts", "rollouts.id", "group_rollouts.rollout_id")
    .select("rollouts.id")
    .where("group_id", "=", groupId)
    .where("group_rollouts.product", "=", product)
    .where("ended_at", "is", null)
    .executeTakeFirst();
  if (state?.revision !== revision || active) {
    throw new MusterError("RESOURCE_CONFLICT", { kind: "desired state", group: groupId, product });
  }
}
