import type { AgentListQuery } from "@muster/protocol/http";
import { commandLine } from "../format/command-line.ts";

/** How the first agent comes in. */
export const ENROL_COMMANDS = [
  "muster token create",
  "muster-agent enroll --server GATEWAY:PORT --token TOKEN",
] as const;

/** What of a filter the command line has an option for. */
const EXPRESSIBLE: ReadonlySet<string> = new Set([
  "labels",
  "product",
  "version",
  "state",
  "search",
  "online",
]);

/** The command that lists the same agents; null if the command line cannot say the filter. */
export function agentsCommand(query: AgentListQuery): string | null {
  if (Object.keys(query).some((key) => !EXPRESSIBLE.has(key))) return null;
  const { labels, product, version, state, search, online } = query;
  return commandLine(["muster", "agents", "list"], {
    labels,
    product,
    version,
    state,
    search,
    online: online === "true" ? true : undefined,
    offline: online === "false" ? true : undefined,
  });
}
