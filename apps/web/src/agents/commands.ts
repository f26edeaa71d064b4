import { commandLine } from "../format/command-line.ts";

/** How the first agent comes in. */
export const ENROL_COMMANDS = [
  "muster token create",
  "muster-agent enroll --server GATEWAY:PORT --token TOKEN",
] as const;

/** The command that lists the same agents: both read the same language. */
export function agentsCommand(line: string): string {
  return commandLine(["muster", "agents", "list"], { filter: line === "" ? undefined : line });
}
