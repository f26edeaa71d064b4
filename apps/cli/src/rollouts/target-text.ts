import { REASON_TEXT, type Reason } from "@muster/core";
import type { TargetView } from "@muster/protocol/http";
import { formatAgo, formatBytes, formatDuration } from "../terminal/format.ts";
import { table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** The colour of a target's state. */
export function targetStyle({ state, silent }: Pick<TargetView, "state" | "silent">) {
  if (silent) return "yellow";
  if (state === "healthy") return "green";
  return state === "failed" || state === "rolled_back" ? "red" : null;
}

/** A reason in words; one of a newer server stays the word it is. */
export function reasonText(reason: string | null): string | null {
  if (reason === null) return null;
  return Object.hasOwn(REASON_TEXT, reason) ? REASON_TEXT[reason as Reason] : reason;
}

/** What there is to say of a target: its error, else how far it is, else why it waits. */
export function targetMessage({
  code,
  message,
  receivedBytes,
  totalBytes,
  state,
  reason,
}: TargetView): string | null {
  if (code !== null) return message === null ? code : `${code}: ${message}`;
  if (state === "downloading" && receivedBytes !== null && totalBytes !== null && totalBytes > 0) {
    return `${Math.floor((receivedBytes / totalBytes) * 100)}% of ${formatBytes(totalBytes)}`;
  }
  return reasonText(reason);
}

export function targetTable({ stdout, now }: Terminal, targets: readonly TargetView[]): string {
  return table(
    stdout,
    [
      { title: "AGENT", value: ({ agentId }) => agentId },
      { title: "HOSTNAME", value: ({ hostname }) => hostname },
      { title: "WAVE", value: ({ wave }) => wave + 1 },
      { title: "FROM", value: ({ fromVersion }) => fromVersion },
      { title: "TO", value: ({ toVersion }) => toVersion },
      {
        title: "STATE",
        value: ({ state, silent }) => (silent ? `${state}, silent` : state),
        style: targetStyle,
      },
      { title: "RUNS", value: ({ survivingVersion }) => survivingVersion },
      { title: "DOWN", value: ({ downtimeMs }) => (downtimeMs === null ? null : formatDuration(downtimeMs)) },
      { title: "SINCE", value: ({ since }) => formatAgo(now(), since) },
      { title: "MESSAGE", value: targetMessage },
    ],
    targets,
  );
}
