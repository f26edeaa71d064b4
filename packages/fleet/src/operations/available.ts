import {
  compareVersions,
  isTargetEnded,
  isVersion,
  MusterError,
  previewCohort,
  specifyRollout,
} from "@muster/core";
import type { AvailableUpdateView } from "@muster/protocol/http";
import type { DesiredStates } from "../groups/ports.ts";
import { CANDIDATE_COLUMNS, createReader } from "../rollout/candidates.ts";
import type { OpenRollout } from "../rollout/controller/open-rollout.ts";
import { busyAgents, readReleaseFacts } from "../rollout/preview.ts";
import type { Database } from "../store/database.ts";
import { oneAgentRequest } from "./one-agent.ts";

export interface AvailablePorts {
  readonly db: Database;
  readonly openRollouts: () => readonly OpenRollout[];
  readonly desired: Pick<DesiredStates, "ofAgent">;
}

/** The channel of an agent that runs nothing which is known here. */
const DEFAULT_CHANNEL = "stable";

/** What an agent is offered: by its groups, or else the newest release of the channel that it runs. Throws `AGENT_NOT_FOUND`. */
export async function readAvailable(ports: AvailablePorts, agentId: string): Promise<AvailableUpdateView> {
  const { db, openRollouts } = ports;
  const row = await db
    .selectFrom("agents")
    .select([...CANDIDATE_COLUMNS])
    .where("id", "=", agentId)
    .executeTakeFirst();
  if (!row) throw new MusterError("AGENT_NOT_FOUND", { agent: agentId });
  const { product, version, os, arch } = row;
  const desired = await ports.desired.ofAgent(agentId);
  const offeredBy = desired.groupId === null ? "channel" : "desired_state";
  const offered = desired.groupId === null ? await newestOf(db, { product, version }) : desired.version;
  const about = { agentId, product, version, offeredBy, target: targetOf(openRollouts(), agentId) } as const;
  if (offered === null) return { ...about, available: null, ready: false, reason: "no_release" };
  if (offered === version) return { ...about, available: null, ready: false, reason: "already_there" };
  const available = await readRelease(db, { product, version: offered, os, arch });
  const release = await readReleaseFacts(db, { product, version: offered });
  const spec = specifyRollout(oneAgentRequest({ id: agentId, product }, offered));
  const agents = [createReader()(row)];
  const busy = busyAgents(openRollouts());
  const { excluded } = previewCohort({ spec, release, agents, busy, resolved: () => true });
  const reason = excluded[0]?.reason ?? null;
  return { ...about, available, ready: reason === null, reason };
}

/** The newest release of the channel that it runs, which is ready; its own version if there is none newer. */
async function newestOf(
  db: Database,
  { product, version }: { readonly product: string; readonly version: string | null },
): Promise<string | null> {
  const releases = await db
    .selectFrom("releases")
    .select(["version", "channel", "state"])
    .where("product", "=", product)
    .execute();
  const channel = releases.find((release) => release.version === version)?.channel ?? DEFAULT_CHANNEL;
  const newest = releases
    .filter((release) => release.channel === channel && release.state === "ready")
    .map((release) => release.version)
    .toSorted(compareVersions)
    .at(-1);
  if (newest === undefined) return version;
  // What it runs may be newer than all that is here: it is not offered a way back.
  return version !== null && isVersion(version) && compareVersions(newest, version) <= 0 ? version : newest;
}

async function readRelease(
  db: Database,
  { product, version, os, arch }: { readonly [Name in "product" | "version" | "os" | "arch"]: string },
): Promise<AvailableUpdateView["available"]> {
  const release = await db
    .selectFrom("releases")
    .select(["channel", "notes", "manifest_digest", "published_at"])
    .where("product", "=", product)
    .where("version", "=", version)
    .executeTakeFirstOrThrow();
  const artifact = await db
    .selectFrom("artifacts")
    .select(["os", "arch", "sha256", "size"])
    .where("product", "=", product)
    .where("version", "=", version)
    .where("os", "=", os)
    .where("arch", "=", arch)
    .executeTakeFirst();
  return {
    version,
    channel: release.channel,
    notes: release.notes,
    manifestDigest: release.manifest_digest,
    publishedAt: release.published_at,
    artifact: artifact ?? null,
  };
}

function targetOf(rollouts: readonly OpenRollout[], agentId: string): AvailableUpdateView["target"] {
  for (const { rollout, targets } of rollouts) {
    for (const { id, agentId: of, toVersion, state } of targets) {
      if (of !== agentId || isTargetEnded(state)) continue;
      return { id, rolloutId: rollout.id, version: toVersion, state: state.kind };
    }
  }
  return null;
}
