import { afterAll } from "vitest";
import { fileURLToPath } from "node:url";
import { LocalFleet, temporaryFolder, type ReleaseFiles } from "@muster/local-fleet";
import type { RolloutRequest, RolloutView, TargetView } from "@muster/protocol/http";

export const PROJECT = fileURLToPath(new URL("..", import.meta.url));

/** Quick enough for a test, slow enough for a busy machine. */
export const LIMITS = { deadlineMs: 8000, stabilizationMs: 800, maxBoots: 2 } as const;

/** For the top of a test file: what is put in it is ended, last first, when the file's tests are over. */
export function useCleanUp(): AsyncDisposableStack {
  const cleanUp = new AsyncDisposableStack();
  afterAll(() => cleanUp.disposeAsync());
  return cleanUp;
}

/** A fleet of its own for one test file, with every process and file gone afterwards. */
export async function startFleet(
  cleanUp: AsyncDisposableStack,
  options: { readonly threshold?: number } = {},
): Promise<LocalFleet> {
  const folder = await temporaryFolder("muster-e2e");
  cleanUp.defer(folder.dispose);
  const fleet = await LocalFleet.start({ project: PROJECT, folder: folder.path, ...options });
  cleanUp.defer(() => fleet.stop());
  return fleet;
}

/** A host, by the name the control plane knows it by. */
export type Named = { readonly name: string };

/** How a rollout to a single host ended. */
export interface OneUpdate {
  readonly rollout: RolloutView;
  readonly target: TargetView;
}

/** Rolls a version out to one host and waits for the end. */
export async function updateOne(
  fleet: LocalFleet,
  host: Named,
  version: string,
  request: Partial<RolloutRequest> = {},
): Promise<OneUpdate> {
  const agentId = await agentIdOf(fleet, host);
  const cohort = { kind: "agents" as const, ids: [agentId] };
  const { id } = await fleet.roll(version, { cohort, limits: LIMITS, ...request });
  const settled = await fleet.settled(id);
  const target = (await fleet.targets(id)).find((candidate) => candidate.agentId === agentId);
  if (!target) throw new Error("the rollout has no target for its only agent");
  const rollout = settled.state === "paused" ? await fleet.client.rollouts.act(id, "cancel") : settled;
  return { rollout, target };
}

export async function agentIdOf(fleet: LocalFleet, host: Named): Promise<string> {
  const { items } = await fleet.client.agents.list({ limit: 500 });
  const agent = items.find(({ hostname }) => hostname === host.name);
  if (!agent) throw new Error(`the control plane knows no agent on ${host.name}`);
  return agent.id;
}

/** The version the control plane believes a host to run. */
export async function knownVersion(fleet: LocalFleet, host: Named): Promise<string | null> {
  return (await fleet.client.agents.get(await agentIdOf(fleet, host))).version;
}

/** Builds, signs and publishes a good release. */
export async function publishGood(
  fleet: LocalFleet,
  version: string,
  wish: { readonly floor?: string } = {},
): Promise<ReleaseFiles> {
  const release = await fleet.make({ version, ...wish });
  await fleet.publish(release);
  return release;
}
