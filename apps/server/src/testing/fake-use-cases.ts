import { MusterError } from "@muster/core";
import type { Agents, Page, RegistrationTokens, Rollouts } from "@muster/fleet";
import { type AgentView, agentSchema, type PreviewView, type TokenView } from "@muster/protocol/http";
import { notFound, sampleOverview, sampleRollout, sampleTarget } from "./sample-views.ts";

const page = <Item>(...items: Item[]): Page<Item> => ({ items, nextCursor: null, total: items.length });

export function sampleAgent(id: string): AgentView {
  return agentSchema.parse({
    id,
    hostname: "host-1",
    product: "app",
    version: "1.0.0",
    os: "linux",
    arch: "amd64",
    labels: { env: "test" },
    assignedLabels: {},
    groups: [{ id: "grp_1", name: "edge" }],
    capabilities: ["update"],
    policy: { updates: true, channels: null, minimumVersion: null, maintenance: false },
    online: true,
    revoked: false,
    enrolledAt: 1,
    lastSeenAt: null,
    clockSkewMs: null,
    timeZone: "Europe/Berlin",
    recovery: null,
    telemetry: null,
    target: null,
  });
}

const SAMPLE_TOKEN: TokenView = {
  id: "k1",
  maxUses: 1,
  uses: 0,
  expiresAt: 2,
  labels: {},
  product: null,
  createdAt: 1,
};

const SAMPLE_PREVIEW: PreviewView = {
  ready: 1,
  excluded: 0,
  offline: 0,
  plannedBytes: 10,
  waves: [{ index: 0, size: 1 }],
  reasons: [],
  versions: [{ version: "1.0.0", count: 1 }],
};

const readAgent = async (id: string) => {
  if (id !== "a1") throw new MusterError("AGENT_NOT_FOUND", { agent: id });
  return sampleAgent(id);
};

/** One agent, `a1`. */
export function fakeAgents(): Agents {
  return {
    list: async ({ cursor }) => {
      if (cursor !== undefined)
        throw new MusterError("REQUEST_INVALID", { field: "cursor", problem: "is none" });
      return page(sampleAgent("a1"));
    },
    read: readAgent,
    targets: async (id) => page(sampleTarget("t1", { agentId: (await readAgent(id)).id })),
    overview: async () => sampleOverview(),
    forgive: readAgent,
    revoke: async (id) => ({ ...(await readAgent(id)), revoked: true }),
    putLabels: async (id, { labels }) => ({ ...(await readAgent(id)), labels, assignedLabels: labels }),
    label: async () => ({ matched: 1, changed: 1 }),
  };
}

/** One token, `k1`. */
export function fakeTokens(): RegistrationTokens {
  return {
    create: async () => ({ ...SAMPLE_TOKEN, token: "muster1.k1.secret.pin" }),
    list: async () => page(SAMPLE_TOKEN),
    revoke: async (id) => {
      if (id !== "k1") throw notFound("token", id);
    },
  };
}

const readRollout = async (id: string) => {
  if (id !== "r1") throw notFound("rollout", id);
  return sampleRollout(id);
};

/** One rollout, `r1`. */
export function fakeRollouts(): Rollouts {
  return {
    preview: async () => SAMPLE_PREVIEW,
    create: async (_request, actor) => sampleRollout("r1", { createdBy: actor.name }),
    act: readRollout,
    list: async () => page(sampleRollout("r1")),
    read: readRollout,
    targets: async (id) => page(sampleTarget("t1", { rolloutId: (await readRollout(id)).id })),
    targetsById: async (rolloutId, ids) => ids.map((id) => sampleTarget(id, { rolloutId })),
  };
}
