import type { PreviewView, RolloutView, WaveView } from "@muster/protocol/http";
import { windowText } from "../arguments/window.ts";
import { formatAgo, formatBytes, formatDuration, formatTime } from "../terminal/format.ts";
import { facts, table, type Column } from "../terminal/table.ts";
import type { Output, Terminal } from "../terminal/terminal.ts";
import { reasonText } from "./target-text.ts";

/** The colour of a rollout's state. */
export function rolloutStyle({ state, pauseCause }: Pick<RolloutView, "state" | "pauseCause">) {
  if (state === "completed") return "green";
  if (state === "paused") return pauseCause === "failure_threshold" ? "red" : "yellow";
  return state === "running" || state === "scheduled" ? "cyan" : "red";
}

/** The state, and what made it pause. */
export function stateText({ state, pauseCause }: Pick<RolloutView, "state" | "pauseCause">): string {
  return pauseCause === null ? state : `${state} (${pauseCause})`;
}

export function rolloutTable({ stdout, now }: Terminal, rollouts: readonly RolloutView[]): string {
  return table(
    stdout,
    [
      { title: "ID", value: ({ id }) => id },
      { title: "RELEASE", value: ({ spec }) => `${spec.product} ${spec.version}` },
      { title: "STATE", value: stateText, style: rolloutStyle },
      { title: "HEALTHY", value: ({ counts }) => `${counts.healthy} of ${counts.planned}` },
      { title: "FAILED", value: ({ counts }) => counts.failed + counts.rolledBack },
      { title: "TOUCHED", value: ({ touched }) => touched },
      { title: "CREATED", value: ({ createdAt }) => formatAgo(now(), createdAt) },
      { title: "WHY", value: ({ reason }) => reasonText(reason) },
    ],
    rollouts,
  );
}

/** Everything about one rollout but its targets. */
export function describeRollout(terminal: Terminal, rollout: RolloutView): string {
  const { spec, counts } = rollout;
  const end = rollout.endedAt ?? terminal.now();
  const about = facts(terminal.stdout, [
    ["Rollout", rollout.id],
    ["Release", `${spec.product} ${spec.version}`],
    ["Who", cohortText(spec.cohort)],
    ["Pace", strategyText(spec.strategy)],
    ["Limits", limitsText(spec)],
    ["Offline", offlineText(spec.offline)],
    ["Hours", spec.windows.map(windowText).join("; ") || null],
    ["State", stateText(rollout)],
    ["Why", reasonText(rollout.reason)],
    ["Held back", rollout.heldSlices.join(", ") || null],
    ["Healthy", `${counts.healthy} of ${counts.planned}`],
    [
      "Touched",
      rollout.touchedAtHalt === null
        ? rollout.touched
        : `${rollout.touched}, ${rollout.touchedAtHalt} when it halted`,
    ],
    [
      "Begun",
      `${formatTime(rollout.createdAt)} by ${rollout.createdBy}, ${formatDuration(end - rollout.createdAt)} ${rollout.endedAt === null ? "so far" : "in all"}`,
    ],
  ]);
  return `${about}\n${waveTable(terminal.stdout, rollout)}`;
}

/** What can be done with the rollout now. */
export function verbText({ verbs }: RolloutView): string {
  const allowed = verbs.filter(({ allowed: can }) => can);
  return allowed.map(({ verb, why }) => `muster rollout ${verb.replace("_", "-")}: ${why}\n`).join("");
}

const counted = (title: string, key: keyof WaveView["counts"]): Column<WaveView> => ({
  title,
  value: ({ counts }) => counts[key],
});

function waveTable(output: Output, { waves, counts, endedAt }: RolloutView): string {
  const stateOf = ({ state }: WaveView) => (state === "waiting" && endedAt !== null ? "never opened" : state);
  return table(
    output,
    [
      { title: "WAVE", value: ({ index }) => index + 1 },
      { title: "STATE", value: stateOf, style: waveStyle },
      counted("AGENTS", "planned"),
      counted("PENDING", "pending"),
      counted("UNDER WAY", "inProgress"),
      counted("HEALTHY", "healthy"),
      counted("FAILED", "failed"),
      counted("ROLLED BACK", "rolledBack"),
      counted("SILENT", "silent"),
      ...(counts.canceled > 0 ? [counted("CANCELED", "canceled")] : []),
      { title: "WHY", value: ({ reason }) => reasonText(reason) },
    ],
    waves,
  );
}

/** The colour of a wave's state. */
export function waveStyle({ state }: Pick<WaveView, "state">) {
  const styles = {
    waiting: "dim",
    open: "cyan",
    settling: "yellow",
    passed: "green",
    failed: "red",
  } as const;
  return styles[state];
}

/** What a rollout would do. */
export function describePreview(output: Output, preview: PreviewView): string {
  const about = facts(output, [
    [
      "Ready",
      preview.offline === 0
        ? preview.ready
        : `${preview.ready}, of which ${preview.offline} are offline and follow when they return`,
    ],
    ["Left out", preview.excluded],
    ["Disk short", diskShortText(preview)],
    ["To send", formatBytes(preview.plannedBytes)],
    ["Waves", preview.waves.map(({ size }) => size).join(" + ")],
    [
      "They run",
      preview.versions.map(({ version, count }) => `${version ?? "unknown"} (${count})`).join(", "),
    ],
  ]);
  if (preview.ready === 0 && preview.excluded === 0)
    return `${about}\nNo agent of this product is meant: check --labels and --agents.\n`;
  if (preview.reasons.length === 0) return about;
  const reasons = table(
    output,
    [
      { title: "LEFT OUT", value: ({ count }) => count },
      { title: "BECAUSE", value: ({ reason }) => reason.replaceAll("_", " ") },
      { title: "AGENTS", value: ({ agentIds }) => agentIds.join(" ") },
    ],
    preview.reasons,
  );
  return `${about}\n${reasons}`;
}

function diskShortText({ diskShort }: PreviewView): string | null {
  if (diskShort === undefined || diskShort.count === 0) return null;
  return `${diskShort.count} wait until there is room: ${diskShort.agentIds.join(" ")}`;
}

function cohortText(cohort: RolloutView["spec"]["cohort"]): string {
  if (cohort.kind === "all") return "all agents of the product";
  if (cohort.kind === "labels") return cohort.expression;
  if (cohort.kind === "filter") return cohort.filter;
  if (cohort.kind === "group") return `group ${cohort.id}`;
  return cohort.ids.length <= 5 ? cohort.ids.join(" ") : `${cohort.ids.length} agents by name`;
}

/** What bounds how many agents update or download at once. */
export function limitsText({ maxInFlight, spread, maxDownloads }: RolloutView["spec"]): string {
  const limits = [`${maxInFlight} at a time`];
  if (spread !== null) limits.push(`${spread.max} of the same ${spread.label}`);
  if (maxDownloads !== null) limits.push(`${maxDownloads} downloads`);
  return limits.join(", ");
}

function offlineText({ doneAtPercent, expireAfterMs }: RolloutView["spec"]["offline"]): string | null {
  const parts: string[] = [];
  if (doneAtPercent !== null) parts.push(`a wave passes at ${doneAtPercent}%`);
  if (expireAfterMs !== null) parts.push(`left out after ${formatDuration(expireAfterMs)}`);
  return parts.join(", ") || null;
}

const APPROVALS = {
  automatic: "",
  manual: ", each by approval",
  two_people: ", each approved by two people",
} as const;

export function strategyText(strategy: RolloutView["spec"]["strategy"]): string {
  if (strategy.kind === "immediate") return "immediate";
  if (strategy.kind === "batches") return `${strategy.size} every ${formatDuration(strategy.delayMs)}`;
  const ends = strategy.waves.map((end) => ("percent" in end ? `${end.percent}%` : end.count)).join(", ");
  const approval = APPROVALS[strategy.approval];
  return `waves to ${ends}, ${formatDuration(strategy.settleMs)} apart${approval}`;
}
