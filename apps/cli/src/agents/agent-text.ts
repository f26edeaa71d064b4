import type { AgentDesiredView, AgentView, TargetView } from "@muster/protocol/http";
import { formatAgo, formatBytes, formatDuration, formatTime } from "../terminal/format.ts";
import { facts, table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { paint, plain } from "../terminal/text.ts";
import { reasonText, targetMessage, targetStyle } from "../rollouts/target-text.ts";

export function agentTable({ stdout, now }: Terminal, agents: readonly AgentView[]): string {
  return table(
    stdout,
    [
      { title: "ID", value: ({ id }) => id },
      { title: "HOSTNAME", value: ({ hostname }) => hostname },
      { title: "PRODUCT", value: ({ product }) => product },
      { title: "VERSION", value: ({ version }) => version },
      { title: "PLATFORM", value: ({ os, arch }) => `${os}/${arch}` },
      { title: "STATE", value: presence, style: presenceStyle },
      { title: "SEEN", value: ({ lastSeenAt }) => formatAgo(now(), lastSeenAt) },
      {
        title: "UPDATE",
        value: ({ target }) => (target === null ? null : `${target.version} ${target.state}`),
      },
      { title: "LABELS", value: ({ labels }) => labelText(labels) },
    ],
    agents,
  );
}

/** What there is to say about one agent. */
export interface AgentDescription {
  readonly agent: AgentView;
  readonly desired: AgentDesiredView;
  readonly targets: readonly TargetView[];
}

/** Everything about one agent, and its updates. */
export function describeAgent(terminal: Terminal, { agent, desired, targets }: AgentDescription): string {
  const { stdout } = terminal;
  const { telemetry, policy, target } = agent;
  const about = facts(stdout, [
    ["Agent", agent.id],
    ["Hostname", agent.hostname],
    ["Product", `${agent.product} ${agent.version ?? "(unknown version)"}`],
    ["Platform", `${agent.os}/${agent.arch}`],
    ["State", `${presence(agent)}, seen ${formatAgo(terminal.now(), agent.lastSeenAt)}`],
    ["Labels", labelText(agent.labels)],
    ["Labels given", labelText(agent.assignedLabels)],
    ["Groups", agent.groups.map(({ name }) => name).join(" ")],
    ["Desired", desiredText(desired)],
    ["Enrolled", formatTime(agent.enrolledAt)],
    ["Local policy", policyText(policy)],
    ["Capabilities", agent.capabilities.join(", ")],
    ["Clock", agent.clockSkewMs === null ? null : `${agent.clockSkewMs} ms off`],
    [
      "Recovered",
      agent.recovery &&
        `${formatTime(agent.recovery.at)}: left ${agent.recovery.fromVersion}, which ended again and again, for ${agent.recovery.toVersion}`,
    ],
    [
      "Load",
      telemetry &&
        `${Math.round(telemetry.cpu * 100)}% cpu, ${formatBytes(telemetry.memoryUsedBytes)} of ` +
          `${formatBytes(telemetry.memoryTotalBytes)} memory, ${formatBytes(telemetry.diskFreeBytes)} disk free`,
    ],
    ["Update", target && `${target.version} ${target.state} in ${target.rolloutId}`],
    ["Why", target && reasonText(target.reason)],
  ]);
  return targets.length === 0
    ? about
    : `${about}\n${historyTable(terminal, targets)}${lastOutput(terminal, targets)}`;
}

function desiredText({ group, version, drift, why }: AgentDesiredView): string | null {
  if (group === null) return null;
  const wanted = version ?? "no release is ready";
  return `${wanted} by ${group}${drift === null ? "" : `, not there: ${why ?? drift}`}`;
}

function historyTable({ stdout }: Terminal, targets: readonly TargetView[]): string {
  return table(
    stdout,
    [
      { title: "SINCE", value: ({ since }) => formatTime(since) },
      { title: "ROLLOUT", value: ({ rolloutId }) => rolloutId },
      { title: "FROM", value: ({ fromVersion }) => fromVersion },
      { title: "TO", value: ({ toVersion }) => toVersion },
      { title: "STATE", value: ({ state }) => state, style: targetStyle },
      { title: "DOWN", value: ({ downtimeMs }) => (downtimeMs === null ? null : formatDuration(downtimeMs)) },
      { title: "MESSAGE", value: targetMessage },
    ],
    targets,
  );
}

/** What the newest failed version printed: the first thing anyone asks for. */
function lastOutput({ stdout }: Terminal, [newest]: readonly TargetView[]): string {
  if (!newest?.outputTail) return "";
  const lines = newest.outputTail
    .trimEnd()
    .split("\n")
    .map((line) => `  ${plain(line)}\n`);
  return `\n${paint(stdout, "bold", `What ${newest.toVersion} printed last`)}\n${lines.join("")}`;
}

function presence({ revoked, online }: AgentView): string {
  if (revoked) return "revoked";
  return online ? "online" : "offline";
}

function presenceStyle({ revoked, online }: AgentView) {
  if (revoked) return "red";
  return online ? "green" : "yellow";
}

function policyText({ updates, channels, minimumVersion, maintenance }: AgentView["policy"]): string {
  const parts = [
    updates ? "updates allowed" : "updates off",
    channels && `channels ${channels.join(" ")}`,
    minimumVersion && `from ${minimumVersion}`,
    maintenance && "in maintenance",
  ];
  return parts.filter(Boolean).join(", ");
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}
