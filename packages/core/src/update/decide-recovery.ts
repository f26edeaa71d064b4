import { compareVersions, type Version } from "../release/version.ts";
import type { ObservedTree } from "./decide-boot.ts";
import type { Journal } from "./host.ts";

/** The versions of a host whose service is not started any more. */
export interface KeptVersions {
  readonly current: ObservedTree | null;
  /** All others that are kept, the one that ran before first. */
  readonly others: readonly ObservedTree[];
}

/** What is done about a service that is not started any more because it ended again and again. */
export type RecoveryAction =
  /** Leave the version that runs for one that ran well until it was replaced. */
  | { readonly kind: "go_back"; readonly from: Version; readonly to: Version }
  /** Start the same again: there is nowhere better to go. */
  | { readonly kind: "stay"; readonly problem: string };

/**
 * What to do when the service manager has given up on a host at rest: the first of the others that is whole, that this
 * host has not had to leave, and that is not below the floor.
 */
export function decideRecovery(
  { bad, floor, state }: Journal,
  { current, others }: KeptVersions,
): RecoveryAction {
  if (state.kind !== "steady") return { kind: "stay", problem: "an update is under way" };
  if (current === null) return { kind: "stay", problem: "current points at no version" };
  const left = new Set([current.version, ...bad.map(({ version }) => version)]);
  const found = others.find(
    ({ tree, version }) =>
      tree === "intact" && !left.has(version) && (floor === null || compareVersions(version, floor) >= 0),
  );
  return found === undefined
    ? { kind: "stay", problem: "there is no other version to go back to" }
    : { kind: "go_back", from: current.version, to: found.version };
}
