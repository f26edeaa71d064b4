import type { ErrorCode } from "../errors.ts";
import { policyRefusal, type LocalPolicy } from "../policy/local-policy.ts";
import type { Artifact, Manifest } from "../release/manifest.ts";
import { compareVersions } from "../release/version.ts";
import { waveSizes } from "./assign-waves.ts";
import { cohortMatcher, type CohortAgent, type Resolved } from "./cohort.ts";
import type { RolloutSpec } from "./rollout.ts";

/** What an agent must be able to do to be updated. */
export const UPDATE_CAPABILITY = "update";

/** A host needs so many times the size of the archive free on its disk: the archive, its files, and room to work. */
export const DISK_FACTOR = 3;

/** Whether a host has too little free for an archive; what is not known is not short. Sizes in bytes. */
export function isDiskShort(free: number | null | undefined, archive: number | undefined): boolean {
  if (free === null || free === undefined || archive === undefined) return false;
  return free < DISK_FACTOR * archive;
}

/** Why an agent of the cohort is left out, the most telling one that applies. */
export const EXCLUSION_TEXT = {
  unknown_agent: "there is no agent with this id",
  other_product: "it runs another product",
  no_artifact: "the release has no artifact for its platform",
  no_update_capability: "it has no updater",
  updates_disabled: "its local policy does not allow updates",
  channel_not_allowed: "its local policy does not allow the release's channel",
  below_minimum_version: "its local policy asks for a newer version",
  maintenance: "it is in maintenance by its local policy",
  already_there: "it runs this version already",
  downgrade: "it runs a newer version, and the rollout does not allow downgrades",
  other_rollout: "it is in another rollout",
  quarantined: "it has rolled this release back too often",
  revoked: "it was revoked",
} as const;
export type ExclusionReason = keyof typeof EXCLUSION_TEXT;

export interface PreviewAgent extends CohortAgent {
  readonly capabilities: readonly string[];
  readonly policy: LocalPolicy;
  readonly online: boolean;
  readonly revoked: boolean;
}

/** What of a manifest decides who can take the release. */
export interface ReleaseFacts extends Pick<Manifest, "version" | "channel"> {
  readonly artifacts: readonly Pick<Artifact, "os" | "arch" | "size">[];
}

export interface PreviewInput<Agent extends PreviewAgent> {
  readonly spec: RolloutSpec;
  readonly release: ReleaseFacts;
  /** All agents that there are. */
  readonly agents: Iterable<Agent>;
  /** Whether another rollout that has not ended has the agent pending or under way. */
  readonly busy: (agentId: string) => boolean;
  /** Whether the agent's host has rolled the release back too often; left out: none has. */
  readonly quarantined?: ((agentId: string) => boolean) | undefined;
  /** What is free on the agent's disk as it last told, in bytes; null: it has not. Left out: nobody has. */
  readonly diskFree?: ((agentId: string) => number | null) | undefined;
  /** Who is in the cohort, if that is a filter or a group; for labels it takes the place of looking at them. */
  readonly resolved?: Resolved | undefined;
}

export interface Preview<Agent extends PreviewAgent> {
  /** By id. */
  readonly ready: readonly Agent[];
  /** By id. */
  readonly excluded: readonly { readonly agentId: string; readonly reason: ExclusionReason }[];
  /** Ready, but not connected now. */
  readonly offline: number;
  /** Ready, but with too little free on the disk: they wait until there is room. By id. */
  readonly diskShort: readonly string[];
  /** What the gateways will send, if every download succeeds at once. */
  readonly plannedBytes: number;
  readonly waveSizes: readonly number[];
}

/** Who is in the cohort, who of them can be updated, and why the others cannot. Throws `ROLLOUT_COHORT_INVALID`. */
export function previewCohort<Agent extends PreviewAgent>(input: PreviewInput<Agent>): Preview<Agent> {
  const { spec, release } = input;
  const isMember = cohortMatcher(spec.cohort, input.resolved);
  const unknown = new Set(spec.cohort.kind === "agents" ? spec.cohort.ids : []);
  // "All" is all of the product, as a group's is: its neighbours on the same hosts were never meant.
  const isOfProduct = spec.cohort.kind === "all" || spec.cohort.kind === "group";
  const sizes = new Map(release.artifacts.map(({ os, arch, size }) => [`${os}/${arch}`, size]));
  const ready: Agent[] = [];
  const excluded: { agentId: string; reason: ExclusionReason }[] = [];
  const diskShort: string[] = [];
  let offline = 0;
  let plannedBytes = 0;
  for (const agent of input.agents) {
    unknown.delete(agent.id);
    if (!isMember(agent) || (isOfProduct && agent.product !== spec.product)) continue;
    const size = sizes.get(`${agent.os}/${agent.arch}`);
    const reason = exclusionOf(agent, { ...input, hasArtifact: size !== undefined });
    if (reason !== null) {
      excluded.push({ agentId: agent.id, reason });
      continue;
    }
    ready.push(agent);
    if (!agent.online) offline += 1;
    if (isDiskShort(input.diskFree?.(agent.id), size)) diskShort.push(agent.id);
    plannedBytes += size ?? 0;
  }
  for (const agentId of unknown) excluded.push({ agentId, reason: "unknown_agent" });
  return {
    ready: ready.toSorted((a, b) => compare(a.id, b.id)),
    excluded: excluded.toSorted((a, b) => compare(a.agentId, b.agentId)),
    offline,
    diskShort: diskShort.toSorted(),
    plannedBytes,
    waveSizes: waveSizes(spec.strategy, ready.length),
  };
}

const POLICY_EXCLUSIONS: Readonly<Partial<Record<ErrorCode, ExclusionReason>>> = {
  POLICY_UPDATES_DISABLED: "updates_disabled",
  POLICY_MAINTENANCE: "maintenance",
  POLICY_CHANNEL_FORBIDDEN: "channel_not_allowed",
  POLICY_VERSION_BELOW_MINIMUM: "below_minimum_version",
};

/** What decides whether an agent can be updated. */
export interface ExclusionInput extends Pick<PreviewInput<PreviewAgent>, "release" | "busy" | "quarantined"> {
  readonly spec: Pick<RolloutSpec, "product" | "allowDowngrade" | "priority">;
  /** Whether the release has an artifact for the agent's platform. */
  readonly hasArtifact: boolean;
}

/** Why an agent cannot be updated; null if it can. */
export function exclusionOf(
  agent: PreviewAgent,
  { spec, release, busy, quarantined, hasArtifact }: ExclusionInput,
): ExclusionReason | null {
  if (agent.revoked) return "revoked";
  if (agent.product !== spec.product) return "other_product";
  if (agent.version === release.version) return "already_there";
  if (!agent.capabilities.includes(UPDATE_CAPABILITY)) return "no_update_capability";
  if (!hasArtifact) return "no_artifact";
  const refusal = policyRefusal(agent.policy, release);
  if (refusal !== null) return POLICY_EXCLUSIONS[refusal.code] ?? "updates_disabled";
  const isOlder = agent.version !== null && compareVersions(release.version, agent.version) < 0;
  if (isOlder && !spec.allowDowngrade) return "downgrade";
  if (quarantined?.(agent.id)) return "quarantined";
  // An emergency overtakes: its agents wait only for what is under way on them.
  return spec.priority === "normal" && busy(agent.id) ? "other_rollout" : null;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
