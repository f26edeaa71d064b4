import type { HealthReport, HostState, Journal, Recovery, Version } from "@muster/core";
import { isVersion, NEW_JOURNAL } from "@muster/core";
import { readHealth } from "../boot/observe.ts";
import { namesIn } from "../fs/reading.ts";
import { readJournal } from "../journal/journal-store.ts";
import { lockHolder } from "../lock/folder-lock.ts";
import { unreportedTargets } from "../outcomes/outcome-store.ts";
import type { Host } from "../ports.ts";
import { inspectTree } from "../versions/inspect-tree.ts";
import { linkedVersion } from "../versions/links.ts";

/** What `status --json` prints. */
export interface Status {
  readonly current: Version | null;
  readonly lastGood: Version | null;
  readonly versions: readonly {
    readonly version: Version;
    readonly tree: "intact" | "unverified" | "broken";
  }[];
  /** `absent` on a new host, `corrupt` when the next start will heal it. */
  readonly journal: "absent" | "read" | "corrupt";
  readonly state: HostState | null;
  readonly floor: Version | null;
  readonly bad: Journal["bad"];
  /** How the host last left a version by itself, or null. */
  readonly recovery: Recovery | null;
  /** Pid of the updater at work, if any. */
  readonly updaterPid: number | null;
  readonly payload: "running" | "stopped" | "unknown";
  readonly health: HealthReport | null;
  /** Targets whose outcomes the gateway has not taken yet. */
  readonly outcomes: readonly string[];
}

/** Looks at a host without changing anything. */
export function statusOf(host: Host): Status {
  const { layout } = host;
  const reading = readJournal(host);
  const journal = reading.kind === "read" ? reading.journal : null;
  return {
    current: linkedVersion(layout.current),
    lastGood: linkedVersion(layout.lastGood),
    versions: namesIn(layout.versions)
      .filter(isVersion)
      .map((version) => ({ version, tree: inspectTree(host, version).tree })),
    journal: reading.kind,
    state: reading.kind === "absent" ? NEW_JOURNAL.state : (journal?.state ?? null),
    floor: journal?.floor ?? null,
    bad: journal?.bad ?? [],
    recovery: journal?.recovery ?? null,
    updaterPid: lockHolder(host.processes, layout.lock)?.pid ?? null,
    payload: host.service.payload().kind,
    health: readHealth(layout.health),
    outcomes: unreportedTargets(host),
  };
}

/** The same for people. */
export function describeStatus(status: Status): string {
  const { state, health, recovery } = status;
  const lines: readonly (readonly [string, string])[] = [
    ["current", status.current ?? "none"],
    ["last good", status.lastGood ?? "none"],
    ["state", state === null ? status.journal : describeState(state)],
    ["payload", status.payload],
    ["connected", health === null ? "not known" : yesNo(health.connectedSinceMs !== null)],
    ["floor", status.floor ?? "none"],
    ["versions", list(status.versions.map(({ version, tree }) => `${version} (${tree})`))],
    ["recovered", recovery === null ? "never" : recoveryText(recovery)],
    ["rolled back", list(status.bad.map(({ version }) => version))],
    ["not reported", list(status.outcomes)],
  ];
  return lines.map(([name, value]) => `${name.padEnd(13)}${value}\n`).join("");
}

function describeState(state: HostState): string {
  return state.kind === "steady"
    ? "steady"
    : `${state.kind}: ${state.attempt.fromVersion ?? "none"} → ${state.attempt.toVersion}`;
}

function recoveryText({ fromVersion, toVersion, at }: Recovery): string {
  return `${new Date(at).toISOString()}: ${fromVersion} ended again and again, ${toVersion} was put in its place`;
}

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}

function list(values: readonly string[]): string {
  return values.length === 0 ? "none" : values.join(", ");
}
