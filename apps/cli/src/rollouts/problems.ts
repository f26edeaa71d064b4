import type { Client, RolloutView } from "@muster/protocol/http";
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
  const groups = (["failed", "rolled_back", "silent"] as const).filter(
    (group) => counts[COUNT_OF[group]] > 0,
  );
  const pages = await Promise.all(
    groups.map((group) => client.rollouts.targets(id, { group, limit: SHOWN })),
  );
  const targets = pages.flatMap(({ items }) => items);
  if (targets.length === 0) return "\n";
  const total = pages.reduce((sum, page) => sum + page.total, 0);
  const title =
    total > targets.length ? `What went wrong (${targets.length} of ${total})` : "What went wrong";
  return `\n${paint(terminal.stdout, "bold", title)}\n${targetTable(terminal, targets)}\n`;
}

const COUNT_OF = { failed: "failed", rolled_back: "rolledBack", silent: "silent" } as const;
