import type { DocumentOf } from "@muster/protocol/http";
import { changesOf } from "../changes.ts";
import { changing, type PlanContext, type Planned, UNCHANGED } from "../planned.ts";

/** One that is over has done what it was for. */
export async function planFreeze(
  { client, now }: PlanContext,
  { metadata: { name }, spec }: DocumentOf<"Freeze">,
): Promise<Planned> {
  if (spec.until <= now) return UNCHANGED;
  const known = (await client.freezes.list()).items.filter((freeze) => freeze.name === name);
  const create = async () => {
    const { id } = await client.freezes.create({ name, ...spec });
    return { id };
  };
  const [first] = known;
  if (!first) return { action: "create", changes: changesOf({}, spec), apply: create };
  if (known.some((freeze) => changesOf(freeze, spec).length === 0)) return UNCHANGED;
  return changing(changesOf(first, spec), async () => {
    // The new one first, so that there is no moment without.
    const made = await create();
    for (const { id } of known) await client.freezes.remove(id);
    return made;
  });
}
