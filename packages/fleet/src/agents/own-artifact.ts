import { MusterError } from "@muster/core";
import type { Database } from "../store/database.ts";

/** States in which a host may still need the archive: under way, and not yet in its own updater's hands. */
const DOWNLOADING_STATES = ["dispatched", "downloading", "verifying"];

/** The archive of an agent's own target, for its platform; `DOWNLOAD_NOT_ALLOWED` for any other. */
export async function readOwnArtifact(
  db: Database,
  agentId: string,
  targetId: string,
): Promise<{ readonly sha256: string; readonly sizeBytes: number }> {
  const row = await db
    .selectFrom("targets")
    .innerJoin("rollouts", "rollouts.id", "targets.rollout_id")
    .innerJoin("agents", "agents.id", "targets.agent_id")
    .innerJoin("artifacts", (join) =>
      join
        .onRef("artifacts.product", "=", "rollouts.product")
        .onRef("artifacts.version", "=", "targets.to_version")
        .onRef("artifacts.os", "=", "agents.os")
        .onRef("artifacts.arch", "=", "agents.arch"),
    )
    .select(["artifacts.sha256", "artifacts.size"])
    .where("targets.id", "=", targetId)
    .where("targets.agent_id", "=", agentId)
    .where("targets.state", "in", DOWNLOADING_STATES)
    .executeTakeFirst();
  if (!row) throw new MusterError("DOWNLOAD_NOT_ALLOWED", { agent: agentId, target: targetId });
  return { sha256: row.sha256, sizeBytes: row.size };
}
