import { MusterError } from "@muster/core";
import type { DesiredStates, Groups } from "@muster/fleet";
import { type DesiredView, desiredSchema, type GroupView, groupSchema } from "@muster/protocol/http";

export function sampleGroup(changes: Partial<GroupView> = {}): GroupView {
  return groupSchema.parse({
    id: "grp_1",
    name: "edge",
    description: "",
    rule: "env=test",
    priority: 0,
    members: 1,
    revision: 1,
    createdAt: 1,
    createdBy: "tester",
    updatedAt: 1,
    ...changes,
  });
}

export function sampleDesired(changes: Partial<DesiredView> = {}): DesiredView {
  return desiredSchema.parse({
    groupId: "grp_1",
    group: "edge",
    product: "app",
    track: { kind: "channel", channel: "stable" },
    plan: { strategy: { kind: "immediate" } },
    revision: 1,
    updatedAt: 1,
    updatedBy: "tester",
    version: "1.1.0",
    phase: "following",
    why: null,
    rolloutId: null,
    agents: 2,
    converged: 1,
    drift: [{ reason: "offline", count: 1, agentIds: ["a1"] }],
    ...changes,
  });
}

const readGroup = async (group: string) => {
  if (group !== "grp_1" && group !== "edge") throw new MusterError("GROUP_NOT_FOUND", { group });
  return sampleGroup();
};

/** One group, `grp_1`, which is called `edge`. */
export function fakeGroups(): Groups {
  return {
    list: async () => ({ items: [sampleGroup()], nextCursor: null, total: 1 }),
    read: readGroup,
    create: async ({ name }) => sampleGroup({ name }),
    update: readGroup,
    remove: async (group) => void (await readGroup(group)),
    changeMembers: readGroup,
    preview: async () => ({
      members: 1,
      joins: { count: 1, agentIds: ["a1"] },
      leaves: { count: 0, agentIds: [] },
    }),
    groupsOf: (agentId) => (agentId === "a1" ? ["grp_1"] : []),
    idOf: (group) => (group === "edge" || group === "grp_1" ? "grp_1" : undefined),
  };
}

const readDesired = async ({ group }: { readonly group: string }) => {
  await readGroup(group);
  return sampleDesired();
};

export function fakeDesired(): DesiredStates {
  return {
    status: async (group) => ({ group: await readGroup(group), desired: [sampleDesired()] }),
    put: readDesired,
    clear: readDesired,
    remove: async (key) => void (await readDesired(key)),
    ofAgent: async (agentId) => {
      if (agentId !== "a1") throw new MusterError("AGENT_NOT_FOUND", { agent: agentId });
      const { groupId, group, version, phase } = sampleDesired();
      return { groupId, group, version, phase, drift: "offline", why: "it is not connected" };
    },
  };
}
