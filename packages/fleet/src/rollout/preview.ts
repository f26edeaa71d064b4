import {
  isHostQuarantined,
  isTargetEnded,
  MusterError,
  type Preview,
  type PreviewAgent,
  previewCohort,
  type ReleaseFacts,
  type RolloutSpec,
  specifyRollout,
} from "@muster/core";
import type { PreviewView, RolloutRequest } from "@muster/protocol/http";
import type { Database } from "../store/database.ts";
import type { FilterContext } from "../agents/condition-sql.ts";
import { readCandidates } from "./candidates.ts";
import type { HostPasts } from "./host-pasts.ts";
import type { OpenRollout } from "./controller/open-rollout.ts";

export interface PreviewPorts {
  readonly db: Database;
  /** What hosts have rolled back; left out: nothing is held against them. */
  readonly pasts?: Pick<HostPasts, "rollbacksOf"> | undefined;
  /** What is free on the agent's disk, in bytes; null: not known. Left out: for nobody. */
  readonly diskFree?: ((agentId: string) => number | null) | undefined;
  readonly openRollouts: () => readonly OpenRollout[];
  readonly filterContext: () => FilterContext;
  /** The id of the group with this id or name; undefined: there is none. */
  readonly groupId: (group: string) => string | undefined;
}

/** What a rollout would do: its whole specification, and who of the cohort it would update. */
export interface PlannedRollout {
  readonly spec: RolloutSpec;
  readonly preview: Preview<PreviewAgent>;
}

/** Agents named for each reason of a preview. */
const NAMED_MAX = 100;

/** Throws `ROLLOUT_COHORT_INVALID`, `FILTER_INVALID`, `GROUP_NOT_FOUND`, `ROLLOUT_PLAN_INVALID`, `RESOURCE_NOT_FOUND`, `RELEASE_NOT_READY`, `RELEASE_YANKED`. */
export async function previewRollout(ports: PreviewPorts, request: RolloutRequest): Promise<PlannedRollout> {
  const { db } = ports;
  const spec = withGroupId(specifyRollout(request), ports);
  const release = await readReleaseFacts(db, spec);
  const agents = await readCandidates(db, spec, ports.filterContext());
  const busy = busyAgents(ports.openRollouts());
  // Only those who are in it were read.
  const quarantined = (id: string) => isHostQuarantined(ports.pasts?.rollbacksOf(id, spec) ?? 0);
  return {
    spec,
    preview: previewCohort({
      spec,
      release,
      agents,
      busy,
      quarantined,
      diskFree: ports.diskFree,
      resolved: () => true,
    }),
  };
}

/** A group may be named; what is kept is its id. */
export function withGroupId(spec: RolloutSpec, { groupId }: Pick<PreviewPorts, "groupId">): RolloutSpec {
  if (spec.cohort.kind !== "group") return spec;
  const id = groupId(spec.cohort.id);
  if (id === undefined) throw new MusterError("GROUP_NOT_FOUND", { group: spec.cohort.id });
  return { ...spec, cohort: { kind: "group", id } };
}

/** Whether a rollout that has not ended has an agent pending or under way. */
export function busyAgents(openRollouts: readonly OpenRollout[]): (agentId: string) => boolean {
  const busy = new Set<string>();
  for (const { targets } of openRollouts) {
    for (const { agentId, state } of targets) if (!isTargetEnded(state)) busy.add(agentId);
  }
  return (agentId) => busy.has(agentId);
}

export async function readReleaseFacts(
  db: Database,
  { product, version }: Pick<RolloutSpec, "product" | "version">,
): Promise<ReleaseFacts> {
  const release = await db
    .selectFrom("releases")
    .select(["channel", "state"])
    .where("product", "=", product)
    .where("version", "=", version)
    .executeTakeFirst();
  if (!release) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "release", product, version });
  if (release.state === "yanked") throw new MusterError("RELEASE_YANKED", { product, version });
  if (release.state !== "ready") {
    throw new MusterError("RELEASE_NOT_READY", { product, version, state: release.state });
  }
  const artifacts = await db
    .selectFrom("artifacts")
    .select(["os", "arch", "size"])
    .where("product", "=", product)
    .where("version", "=", version)
    .execute();
  return {
    version,
    channel: release.channel,
    // Only what a signed manifest could say was ever stored.
    artifacts: artifacts as ReleaseFacts["artifacts"],
  };
}

/** A preview as the API shows it. */
export function toPreviewView({ preview }: PlannedRollout): PreviewView {
  const reasons = new Map<PreviewView["reasons"][number]["reason"], string[]>();
  for (const { agentId, reason } of preview.excluded) {
    const ids = reasons.get(reason);
    if (ids) ids.push(agentId);
    else reasons.set(reason, [agentId]);
  }
  const versions = new Map<string | null, number>();
  for (const { version } of preview.ready) versions.set(version, (versions.get(version) ?? 0) + 1);
  return {
    ready: preview.ready.length,
    excluded: preview.excluded.length,
    offline: preview.offline,
    plannedBytes: preview.plannedBytes,
    diskShort: { count: preview.diskShort.length, agentIds: preview.diskShort.slice(0, NAMED_MAX) },
    waves: preview.waveSizes.map((size, index) => ({ index, size })),
    reasons: [...reasons].map(([reason, ids]) => ({
      reason,
      count: ids.length,
      agentIds: ids.slice(0, NAMED_MAX),
    })),
    versions: [...versions].map(([version, count]) => ({ version, count })),
  };
}
