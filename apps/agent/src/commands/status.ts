import { readHostStatus, type HostStatus } from "@muster/agent-sdk";

/** Prints what the host's files say of its agent. */
export async function status({
  root,
  json,
}: {
  readonly root: string;
  readonly json: boolean;
}): Promise<void> {
  const found = await readHostStatus(root);
  process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : `${describe(found).join("\n")}\n`);
}

function describe(host: HostStatus): readonly string[] {
  const { health } = host;
  const labels = Object.entries(host.labels).map(([key, value]) => `${key}=${value}`);
  const failing = health?.checks.filter(({ ok }) => !ok) ?? [];
  return [
    `Agent        ${host.agentId}${labels.length > 0 ? ` (${labels.join(", ")})` : ""}`,
    `Product      ${host.product} ${health?.version ?? host.currentVersion ?? "of an unknown version"}`,
    `Gateway      ${host.gateway}, ${connectionOf(health)}`,
    `Certificate  until ${new Date(host.certificateExpiresAt).toISOString()}`,
    `Updates      ${host.policyProblem ?? (host.updatesAllowed ? "allowed" : "off by local policy")}`,
    ...failing.map(({ name, message }) => `Check failed ${name}: ${message}`),
    ...host.unreported.map(
      ({ targetId, result, code }) => `Unreported   ${targetId}: ${result}${code ? ` (${code})` : ""}`,
    ),
  ];
}

function connectionOf(health: HostStatus["health"]): string {
  if (health === null) return "the agent does not run";
  return health.connectedSinceMs === null ? "not connected" : "connected";
}
