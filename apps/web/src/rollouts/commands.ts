import { commandLine } from "../format/command-line.ts";
import type { RolloutSearch } from "./search.ts";

/** How a rollout begins: first what it would do, then it. */
export const BEGIN_COMMANDS = [
  "muster rollout preview PRODUCT VERSION --all --waves 5/25/100",
  "muster rollout create PRODUCT VERSION --all --waves 5/25/100 --watch",
] as const;

/** The command that lists the same targets. */
export function targetsCommand(rolloutId: string, { wave, show }: RolloutSearch): string {
  return commandLine(["muster", "rollout", "targets", rolloutId], { wave, group: show });
}
