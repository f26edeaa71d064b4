import { compareVersions, type Version } from "../release/version.ts";
import type { Observed } from "./decide-boot.ts";
import type { Journal } from "./host.ts";

/** What is done about a service that is not started any more because it ended again and again. */
export type RecoveryAction =
  /** Leave the version that runs for the one before it. */
  | { readonly kind: "go_back"; readonly from: Version; readonly to: Version }
  /** Start the same again: there is nowhere better to go. */
  | { readonly kind: "stay"; readonly problem: string };

/**
 * What to do when the service manager has given up on a host at rest. The version before ran well until it was replaced,
 * so it is gone back to, once: from there the way on is a new release.
 */
export function decideRecovery(
  { floor, state }: Journal,
  { current, lastGood }: Pick<Observed, "current" | "lastGood">,
): RecoveryAction {
  if (state.kind !== "steady") return stay("an update is under way");
  if (current === null) return stay("current points at no version");
  if (lastGood === null || lastGood.version === current.version) return stay("there is no version before it");
  const { version } = lastGood;
  if (lastGood.tree !== "intact") return stay(`the files of ${version} cannot be verified`);
  if (floor !== null && compareVersions(version, floor) < 0)
    return stay(`${version} is below the floor ${floor}`);
  return { kind: "go_back", from: current.version, to: version };
}

function stay(problem: string): RecoveryAction {
  return { kind: "stay", problem };
}
