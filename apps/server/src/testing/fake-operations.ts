import { MusterError } from "@muster/core";
import type { Operations } from "@muster/fleet";
import { type AvailableUpdateView, type OperationView, operationSchema } from "@muster/protocol/http";
import { notFound } from "./sample-views.ts";

export function sampleOperation(name: string, agentId = "a1"): OperationView {
  return operationSchema.parse({
    apiVersion: "muster/v1",
    kind: "MachineOperation",
    operationKind: "AgentUpgrade",
    metadata: { name, createdAt: 1, createdBy: "tester" },
    spec: { machineRef: agentId, parameters: { version: "2.0.0" } },
    status: {
      phase: "pending",
      agentId,
      product: "app",
      fromVersion: "1.0.0",
      version: "2.0.0",
      rolloutId: "r1",
      targetId: "t1",
      conditions: [
        { type: "accepted", status: "true", reason: "rollout_created", message: "", lastTransitionTime: 1 },
      ],
    },
  });
}

const SAMPLE_UPDATE: AvailableUpdateView = {
  agentId: "a1",
  product: "app",
  version: "1.0.0",
  offeredBy: "channel",
  available: {
    version: "2.0.0",
    channel: "stable",
    notes: "",
    manifestDigest: "0".repeat(64),
    publishedAt: 1,
    artifact: { os: "linux", arch: "amd64", sha256: "0".repeat(64), size: 2 },
  },
  ready: true,
  reason: null,
  target: null,
};

const create: Operations["create"] = async ({ metadata, spec }, { mayUpdate }) => {
  if (!mayUpdate(spec.machineRef)) throw new MusterError("AGENT_NOT_FOUND", { machineRef: spec.machineRef });
  return sampleOperation(metadata.name, spec.machineRef);
};

/** One operation, `op1`, on the agent `a1`. */
export function fakeOperations(): Operations {
  return {
    create,
    read: async (name) => {
      if (name !== "op1") throw notFound("operation", name);
      return sampleOperation(name);
    },
    list: async () => ({ items: [sampleOperation("op1")], nextCursor: null, total: 1 }),
    available: async () => SAMPLE_UPDATE,
    requestUpdate: async (agentId) => sampleOperation("update-a1", agentId),
  };
}
