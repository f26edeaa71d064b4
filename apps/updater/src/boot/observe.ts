import type {
  GatewayState,
  HealthReport,
  Journal,
  Observed,
  ObservedTree,
  PayloadProcess,
} from "@muster/core";
import { healthDecoder, MusterError, parse } from "@muster/core";
import { readSmallText } from "../fs/reading.ts";
import { lockHolder } from "../lock/folder-lock.ts";
import type { Host } from "../ports.ts";
import { packagedSeed } from "../seed/packaged-seed.ts";
import { inspectTree } from "../versions/inspect-tree.ts";
import { linkedVersion } from "../versions/links.ts";

/** What only some callers can see. */
export interface Vantage {
  readonly trigger: Observed["trigger"];
  readonly gateway: GatewayState;
  readonly payload: PayloadProcess;
  /** How much of each tree is read back; the rest is held against sizes and modes. */
  readonly hashBudgetBytes: number;
}

/** What a start may read back before it gets slow; the trees of most agents are smaller. */
export const START_HASH_BUDGET_BYTES = 32 * 1024 * 1024;
const HEALTH_MAX_BYTES = 262_144;

/** Looks at everything a boot decision needs, and at no more: a start is short on time. */
export function observe(host: Host, { state }: Journal, vantage: Vantage): Observed {
  const { layout } = host;
  const { trigger, gateway, payload } = vantage;
  const tree = (link: string): ObservedTree | null => {
    const version = linkedVersion(link);
    return version === null ? null : observedTree(host, version, vantage.hashBudgetBytes);
  };
  const current = tree(layout.current);
  // The decision looks at where else it could go only when it cannot stay, or goes back.
  const mayMove = current?.tree !== "intact" || state.kind === "rolling_back";
  return {
    trigger,
    gateway,
    payload,
    updaterActive: trigger === "boot" && lockHolder(host.processes, layout.lock) !== null,
    current,
    lastGood: mayMove ? tree(layout.lastGood) : null,
    seed: mayMove ? (packagedSeed(host)?.version ?? null) : null,
    health: state.kind === "probation" && trigger === "watch" ? readHealth(layout.health) : null,
  };
}

function observedTree(host: Host, version: string, hashBudgetBytes: number): ObservedTree {
  const { tree } = inspectTree(host, version, hashBudgetBytes);
  return { version, tree };
}

/** The report the agent left; null for none, or for one that is not a report. */
export function readHealth(path: string): HealthReport | null {
  try {
    const text = readSmallText(path, { maxBytes: HEALTH_MAX_BYTES });
    return text === null ? null : parse.decodeJson(healthDecoder, text, "REQUEST_INVALID");
  } catch (error) {
    if (error instanceof MusterError) return null;
    throw error;
  }
}
