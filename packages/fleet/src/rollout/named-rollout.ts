import { canonicalJson, MusterError, specifyRollout } from "@muster/core";
import type { RolloutRequest } from "@muster/protocol/http";
import { readSpec } from "./mapping.ts";
import { type PreviewPorts, withGroupId } from "./preview.ts";

/**
 * The rollout that was asked for under this name, if there is one. Throws `ROLLOUT_NAME_TAKEN` if that was something else,
 * and what a specification that cannot be read throws.
 */
export async function findNamed(
  ports: Pick<PreviewPorts, "db" | "groupId">,
  name: string,
  request: RolloutRequest,
): Promise<string | null> {
  const known = await ports.db
    .selectFrom("rollout_names")
    .innerJoin("rollouts", "rollouts.id", "rollout_names.rollout_id")
    .select(["rollouts.id", "rollouts.spec_json"])
    .where("name", "=", name)
    .executeTakeFirst();
  if (!known) return null;
  const spec = withGroupId(specifyRollout(request), ports);
  if (canonicalJson(spec) !== canonicalJson(readSpec(known))) {
    throw new MusterError("ROLLOUT_NAME_TAKEN", { name, rollout: known.id });
  }
  return known.id;
}
