import { type FilterAgent, filterMatcher, parseFilter } from "@muster/core";
import type { AgentListQuery, AgentView } from "@muster/protocol/http";
import { createChance, pick } from "./chance.ts";

const SITES = ["fra", "ams", "lhr", "waw", "mad"] as const;
const ROLES = ["edge", "web", "db", "cache"] as const;
const DAY_MS = 86_400_000;

/** A fleet that looks like one: several sites, roles, platforms and versions, a few of everything that is odd. */
export function createFakeAgents(count: number, now: number): AgentView[] {
  const chance = createChance(7);
  return Array.from({ length: count }, (_, index) => fakeAgent(index, now, chance));
}

function fakeAgent(index: number, now: number, chance: () => number): AgentView {
  const site = pick(chance, SITES);
  const role = pick(chance, ROLES);
  const online = chance() > 0.03;
  const product = "edge-agent";
  const version = chance() < 0.004 ? null : chance() < 0.86 ? "1.1.0" : chance() < 0.8 ? "1.0.4" : "1.0.0";
  const memoryTotalBytes = pick(chance, [8e9, 16e9, 64e9]);
  return {
    id: `a_${(index + 4096).toString(36).padStart(6, "0")}`,
    hostname: `${site}-${role}-${String(index + 1).padStart(4, "0")}`,
    product,
    version,
    os: "linux",
    arch: chance() < 0.72 ? "amd64" : "arm64",
    labels: { env: chance() < 0.85 ? "production" : "staging", role, site },
    assignedLabels: {},
    groups: [],
    capabilities: ["update"],
    policy: { updates: chance() > 0.01, channels: null, minimumVersion: null, maintenance: false },
    online,
    revoked: false,
    enrolledAt: now - Math.floor(chance() * 200) * DAY_MS,
    lastSeenAt: online ? now - Math.floor(chance() * 20_000) : now - Math.floor(chance() * 3 * DAY_MS),
    clockSkewMs: Math.floor((chance() - 0.5) * (chance() < 0.02 ? 240_000 : 800)),
    timeZone: "Europe/Berlin",
    recovery: null,
    telemetry: online
      ? {
          cpu: chance() * 0.6,
          memoryUsedBytes: Math.floor(memoryTotalBytes * (0.2 + chance() * 0.5)),
          memoryTotalBytes,
          diskFreeBytes: Math.floor(20e9 + chance() * 180e9),
          diskTotalBytes: 256e9,
          uptimeSeconds: Math.floor(chance() * 90 * 86_400),
        }
      : null,
    target: null,
  };
}

/** The agents that a query asks for, in its order. `attention` is decided by the caller, who knows the targets. */
export function queryAgents(
  agents: readonly AgentView[],
  query: AgentListQuery,
  { attention, now }: { readonly attention: (agent: AgentView) => readonly string[]; readonly now: number },
): AgentView[] {
  const meets = filterMatcher(parseFilter(query.filter ?? ""));
  const matches = agents.filter((agent) => meets(toFilterAgent(agent, attention(agent)), now));
  return sortAgents(matches, query.sort ?? "hostname");
}

function toFilterAgent(agent: AgentView, attention: readonly string[]): FilterAgent {
  const state = agent.target?.state as FilterAgent["targetState"] | undefined;
  return {
    ...agent,
    targetState: attention.includes("failed") ? "failed" : (state ?? null),
    targetVersion: agent.target?.version ?? null,
    stuck: attention.includes("stuck"),
    groups: agent.groups.flatMap(({ id, name }) => [id, name]),
  };
}

function sortAgents(agents: AgentView[], sort: NonNullable<AgentListQuery["sort"]>): AgentView[] {
  const descending = sort.startsWith("-");
  const column = (descending ? sort.slice(1) : sort) as "hostname" | "version" | "lastSeenAt";
  const sorted = agents.toSorted((a, b) => {
    const [left, right] = [a[column] ?? "", b[column] ?? ""];
    return left < right ? -1 : left > right ? 1 : 0;
  });
  return descending ? sorted.toReversed() : sorted;
}
