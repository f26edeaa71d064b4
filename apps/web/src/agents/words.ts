import type { AgentView } from "@muster/protocol/http";
import { duration } from "../format/time.ts";

/** A difference of clocks below this is as good as none, in milliseconds. */
const SKEW_SMALL_MS = 1000;

/** How the host's clock stands to the server's. */
export function skewWords(skewMs: number | null): string {
  if (skewMs === null) return "not measured";
  if (Math.abs(skewMs) < SKEW_SMALL_MS) return "right to within a second";
  return `${duration(Math.abs(skewMs))} ${skewMs > 0 ? "ahead" : "behind"}`;
}

/** What the host itself allows. */
export function policyWords({ updates, channels, minimumVersion, maintenance }: AgentView["policy"]): string {
  if (!updates) return "no updates";
  if (maintenance) return "no updates: in maintenance";
  const limits = [
    ...(channels === null ? [] : [`channels ${channels.join(", ")}`]),
    ...(minimumVersion === null ? [] : [`not below ${minimumVersion}`]),
  ];
  return limits.length === 0 ? "all updates" : limits.join("; ");
}

export function recoveryWords({ fromVersion, toVersion }: NonNullable<AgentView["recovery"]>): string {
  return `from ${fromVersion}, which ended again and again, to ${toVersion}`;
}
