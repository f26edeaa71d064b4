import { readlink } from "node:fs/promises";
import { basename } from "node:path";
import {
  HEALTH_STALE_MS,
  healthDecoder,
  hostLayout,
  parse,
  type HealthReport,
  type Outcome,
} from "@muster/core";
import { readAgentConfig } from "../identity/config-file.ts";
import { loadIdentity } from "../identity/identity-store.ts";
import { createOutbox } from "../outcome/outbox.ts";
import { readBootId } from "./boot-id.ts";
import { errnoOf, readIfThere } from "./files.ts";
import { readPolicy } from "./policy-file.ts";
import { createSystemClock } from "./system-clock.ts";

const HEALTH_MAX_BYTES = 262_144;

/** What the files of a host say of its agent, whether it runs or not. */
export interface HostStatus {
  readonly agentId: string;
  readonly product: string;
  readonly gateway: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly certificateExpiresAt: number;
  /** The version that is to run; null on a host without an updater. */
  readonly currentVersion: string | null;
  /** What the running agent said a moment ago; null: it does not run, or is stuck. */
  readonly health: HealthReport | null;
  readonly updatesAllowed: boolean;
  readonly policyProblem: string | null;
  /** Outcomes that the gateway has not acknowledged yet. */
  readonly unreported: readonly Outcome[];
}

/** Reads a host's status from its files. Throws `ENROLMENT_MISSING`, `AGENT_CONFIG_INVALID`, `CERTIFICATE_INVALID`. */
export async function readHostStatus(root: string): Promise<HostStatus> {
  const layout = hostLayout(root);
  const config = await readAgentConfig(layout.agentConfig);
  const { expiresAt } = await loadIdentity(layout);
  const { policy, problem } = await readPolicy(layout.policy);
  const outcomes = await createOutbox(layout, () => undefined).pending();
  return {
    agentId: config.agentId,
    product: config.product,
    gateway: config.gateway,
    labels: config.labels ?? {},
    certificateExpiresAt: expiresAt,
    currentVersion: await linkedVersion(layout.current),
    health: await freshHealth(layout.health),
    updatesAllowed: policy.updates && !policy.maintenance,
    policyProblem: problem?.message ?? null,
    unreported: [...outcomes.values()],
  };
}

async function freshHealth(path: string): Promise<HealthReport | null> {
  const bytes = await readIfThere(path, HEALTH_MAX_BYTES);
  if (bytes === null) return null;
  const report = parse.decodeJson(healthDecoder, bytes.toString("utf8"), "HOST_STATE_CORRUPT");
  const clock = createSystemClock();
  const isOfThisBoot = report.bootId === readBootId(clock);
  return isOfThisBoot && clock.monotonicMs() - report.writtenAtMs <= HEALTH_STALE_MS ? report : null;
}

async function linkedVersion(link: string): Promise<string | null> {
  try {
    return basename(await readlink(link));
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "EINVAL") return null;
    throw error;
  }
}
