import { MusterError, specifyRollout } from "@muster/core";
import type { DocumentOf } from "@muster/protocol/http";
import { changesOf } from "../changes.ts";
import { type PlanContext, type Planned, UNCHANGED } from "../planned.ts";

/** A rollout is begun once under its name, and never changed. Throws `ROLLOUT_PLAN_INVALID`, `ROLLOUT_NAME_TAKEN`. */
export async function planRollout(
  { client }: PlanContext,
  { metadata: { name }, spec }: DocumentOf<"Rollout">,
): Promise<Planned> {
  const wanted = specifyRollout(spec);
  const { items } = await client.rollouts.list({ name, limit: 1 });
  const [known] = items;
  if (!known) {
    return {
      action: "create",
      changes: changesOf({}, spec),
      apply: async () => {
        const { id } = await client.rollouts.create({ name, ...spec });
        return { id };
      },
    };
  }
  const { cohort } = wanted;
  // A group may be named; what is kept is its id.
  const isGroup = cohort.kind === "group" && cohort.id !== idOf(known.spec.cohort);
  const resolved = isGroup ? { kind: "group", id: (await client.groups.get(cohort.id)).id } : cohort;
  const fields = changesOf(known.spec, { ...wanted, cohort: resolved }).map(({ field }) => field);
  if (fields.length > 0) throw new MusterError("ROLLOUT_NAME_TAKEN", { name, rollout: known.id, fields });
  return UNCHANGED;
}

function idOf(cohort: DocumentOf<"Rollout">["spec"]["cohort"]): string | null {
  return cohort.kind === "group" ? cohort.id : null;
}
