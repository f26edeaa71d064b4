import { DRIFT_TEXT } from "@muster/core";
import type { DesiredView, GroupStatusView, GroupView, RulePreviewView } from "@muster/protocol/http";
import { strategyText } from "../rollouts/rollout-text.ts";
import { formatAgo, formatTime } from "../terminal/format.ts";
import { facts, table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";

const NAMED = 5;

export function groupTable({ stdout, now }: Terminal, groups: readonly GroupView[]): string {
  return table(
    stdout,
    [
      { title: "ID", value: ({ id }) => id },
      { title: "NAME", value: ({ name }) => name },
      { title: "PRIORITY", value: ({ priority }) => priority },
      { title: "AGENTS", value: ({ members }) => members },
      { title: "CHANGED", value: ({ updatedAt }) => formatAgo(now(), updatedAt) },
      { title: "RULE", value: ruleText },
    ],
    groups,
  );
}

export function describeGroup({ stdout }: Terminal, group: GroupView): string {
  return facts(stdout, [
    ["Group", group.name],
    ["Id", group.id],
    ["Description", group.description],
    ["Rule", ruleText(group)],
    ["Agents", group.members],
    ["Priority", group.priority],
    ["Made", `${formatTime(group.createdAt)} by ${group.createdBy}`],
  ]);
}

export function describeStatus(terminal: Terminal, { group, desired }: GroupStatusView): string {
  const about = describeGroup(terminal, group);
  if (desired.length === 0)
    return `${about}\nNothing is desired of it: see \`muster group follow\` and \`muster group pin\`.\n`;
  return [about, ...desired.map((state) => describeDesired(terminal, state))].join("\n");
}

export function describeDesired({ stdout }: Terminal, desired: DesiredView): string {
  const { track } = desired;
  const about = facts(stdout, [
    ["Product", desired.product],
    [
      "Desired",
      track.kind === "channel" ? `newest of channel ${track.channel}` : `pinned to ${track.version}`,
    ],
    ["Version", desired.version],
    ["State", desired.why === null ? desired.phase : `${desired.phase}: ${desired.why}`],
    ["Rollout", desired.rolloutId],
    ["Pace", strategyText(desired.plan.strategy)],
    ["There", `${desired.converged} of ${desired.agents} agents`],
  ]);
  if (desired.drift.length === 0) return about;
  return `${about}\n${table(
    stdout,
    [
      { title: "NOT THERE", value: ({ count }) => count },
      { title: "REASON", value: ({ reason }) => reason },
      { title: "WHY", value: ({ reason }) => DRIFT_TEXT[reason] },
      { title: "AGENTS", value: ({ agentIds, count }) => someOf(agentIds, count) },
    ],
    desired.drift,
  )}`;
}

export function previewText({ members, joins, leaves }: RulePreviewView): string {
  return `${members} agents match.\n${movementText("would join", joins)}${movementText("would leave", leaves)}`;
}

function movementText(what: string, { count, agentIds }: RulePreviewView["joins"]): string {
  return count === 0 ? "" : `${count} ${what}: ${someOf(agentIds, count)}\n`;
}

function ruleText({ rule }: GroupView): string {
  if (rule === null) return "(named members)";
  return rule === "" ? "* (every agent)" : rule;
}

function someOf(ids: readonly string[], count: number): string {
  const shown = ids.slice(0, NAMED).join(" ");
  return count > NAMED ? `${shown} and ${count - NAMED} more` : shown;
}
