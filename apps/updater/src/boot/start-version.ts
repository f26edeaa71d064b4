import { asMusterError, type Version } from "@muster/core";
import type { Host } from "../ports.ts";
import { prepareRoot } from "../root/prepare-root.ts";
import { inspectTree } from "../versions/inspect-tree.ts";
import { linkedVersion } from "../versions/links.ts";
import { startLine } from "../versions/output-tail.ts";
import { decideStart, type StartDecision } from "./decide.ts";
import { START_HASH_BUDGET_BYTES } from "./observe.ts";

/**
 * Decides what is to run, brings the host there, and says so; null if nothing can be started. What keeps the decision
 * from being made or written down (a full disk, a damaged folder) is said, and what can run as things are is started.
 */
export async function versionToStart(host: Host): Promise<Version | null> {
  try {
    prepareRoot(host);
    const decision = await decideStart(host);
    if (decision.kind === "no_version") return null;
    if (!decision.verified) {
      host.say(
        `TRUST_ANCHOR_INVALID: the signatures of ${decision.version} cannot be verified; starting it all the same`,
      );
    }
    host.say(startLine(decision.version, startNote(decision)));
    return decision.version;
  } catch (error) {
    const { code, message } = asMusterError(error);
    host.say(`${code}: ${message}`);
    const version = runnableVersion(host, START_HASH_BUDGET_BYTES);
    if (version !== null) host.say(startLine(version, " (as it is)"));
    return version;
  }
}

/** What can run as things are, without changing anything; each tree is read back up to the budget. */
export function runnableVersion(host: Host, hashBudgetBytes: number): Version | null {
  const trees = [host.layout.current, host.layout.lastGood]
    .map(linkedVersion)
    .flatMap((version) => (version === null ? [] : [inspectTree(host, version, hashBudgetBytes)]));
  const found =
    trees.find(({ tree }) => tree === "intact") ?? trees.find(({ tree }) => tree === "unverified");
  return found?.version ?? null;
}

function startNote({ record }: StartDecision & { readonly kind: "start" }): string {
  return record?.kind === "observed" ? ` (start ${record.probation.boots} on probation)` : "";
}
