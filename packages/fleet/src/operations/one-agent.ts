import type { RolloutRequest } from "@muster/protocol/http";

/** The rollout that updates one agent. */
export function oneAgentRequest(
  { id, product }: { readonly id: string; readonly product: string },
  version: string,
): RolloutRequest {
  return { product, version, cohort: { kind: "agents", ids: [id] }, strategy: { kind: "immediate" } };
}
