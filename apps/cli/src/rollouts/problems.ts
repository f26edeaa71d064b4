import type { Client, RolloutView, TargetView } from "@muster/protocol/http";
import { paint } from "../terminal/text.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { targetTable } from "./target-text.ts";

const SHOWN = 10;

/** The targets that went wrong, if any: the first few of each kind, and how many there are. */
export async function problemTable(
  terminal: Terminal,
  client: Client,
  { id, counts }: RolloutView,
): Promise<string> {
  const groups = (["failed", "rolled_back", "silent", "canceled"] as const).filter(
    (group) => counts[COUNT_OF[group]] > 0,
  );
  const pages = await Promise.all(
    groups.map((group) => client.rollouts.targets(id, { group, limit: SHOWN })),
  );
  const listed = pages.flatMap(({ items }) => items);
  const targets = listed.filter(isProblem);
  if (targets.length === 0) return "\n";
  const total = pages.reduce((sum, page) => sum + page.total, targets.length - listed.length);
  const title =
    total > targets.length ? `What went wrong (${targets.length} of ${total})` : "What went wrong";
  return `\n${paint(terminal.stdout, "bold", title)}\n${targetTable(terminal, targets)}\n`;
}

/** An agent that has returned as it was told to has no problem, nor has one that an operator's cancel has left alone. */
function isProblem({ state, code }: TargetView): boolean {
  return state !== "healthy" && (state !== "canceled" || code !== null);
}

const COUNT_OF = {
  failed: "failed",
  rolled_back: "rolledBack",
  silent: "silent",
  canceled: "canceled",
} as const;
