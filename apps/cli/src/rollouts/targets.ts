import type { TargetQuery } from "@muster/protocol/http";
import { parseCount } from "../arguments/numbers.ts";
import { argument, usage } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { DEFAULT_LIMIT, readList } from "../connection/read-list.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { targetTable } from "./target-text.ts";

const GROUPS = ["pending", "in_progress", "healthy", "failed", "rolled_back", "silent", "canceled"] as const;

export function targetsCommand(terminal: Terminal) {
  return serverCommand("targets")
    .description("list the agents of a rollout and how each stands")
    .argument("<id>", "the rollout's id")
    .option("--wave <number>", "only of this wave, from 1", argument(parseCount(1)))
    .option("--state <state>", "only in this state, e.g. downloading")
    .option("--group <group>", `only what a wave counts as this: ${GROUPS.join(", ")}`, argument(parseGroup))
    .option("--waiting-offline", "only those that are not connected, and follow when they return")
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT)
    .action(async (id, options) => {
      const { state, group, limit } = options;
      const offline = options.waitingOffline;
      const wave = options.wave === undefined ? undefined : options.wave - 1;
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      const page = await readList(
        (query) => client.rollouts.targets(id, { state, group, wave, offline, ...query }),
        {
          limit,
          report,
        },
      );
      report.result(page, () => targetTable(terminal, page.items));
    });
}

function parseGroup(text: string): NonNullable<TargetQuery["group"]> {
  const group = GROUPS.find((known) => known === text);
  if (group === undefined) throw usage(`Groups are ${GROUPS.join(", ")}.`);
  return group;
}
