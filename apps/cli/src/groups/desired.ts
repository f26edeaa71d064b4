import type { Command, OptionValues } from "@commander-js/extra-typings";
import type { PutDesired } from "@muster/protocol/http";
import { parseDuration } from "../arguments/duration.ts";
import { parseCount } from "../arguments/numbers.ts";
import { argument } from "../arguments/usage.ts";
import { parseName, parseVersionArgument } from "../arguments/version.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect, type ConnectOptions } from "../connection/connect.ts";
import { withPlan } from "../rollouts/plan-options.ts";
import { type PlanOptions, planOf } from "../rollouts/rollout-request.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { describeDesired } from "./group-text.ts";

const duration = argument(parseDuration);

interface DesiredOptions extends PlanOptions, ConnectOptions {
  readonly json?: true | undefined;
  readonly followEvery?: number | undefined;
  readonly followAtMost?: number | undefined;
  readonly offlineAfter?: number | undefined;
}

export function followCommand(terminal: Terminal) {
  const command = serverCommand("follow")
    .description(
      "let a group follow a channel: each new release of it is rolled out by itself, with this plan",
    )
    .argument("<group>", "its name or id")
    .argument("<product>", "the product", argument(parseName))
    .argument("<channel>", "the channel, e.g. stable", argument(parseName));
  return withFollowUp(withPlan(command)).action((group, product, channel, options) =>
    put(terminal, { group, product, track: { kind: "channel", channel } }, options),
  );
}

export function pinCommand(terminal: Terminal) {
  const command = serverCommand("pin")
    .description("pin a group to a version: its agents are brought there, those who come later too")
    .argument("<group>", "its name or id")
    .argument("<product>", "the product", argument(parseName))
    .argument("<version>", "the version", argument(parseVersionArgument))
    .option("--allow-downgrade", "also for agents that run a newer one, though never below the signed floor");
  return withFollowUp(withPlan(command)).action((group, product, version, options) =>
    put(
      terminal,
      { group, product, track: { kind: "version", version, allowDowngrade: options.allowDowngrade } },
      options,
    ),
  );
}

export function clearCommand(terminal: Terminal) {
  return serverCommand("clear")
    .description("go on after a rollout of the group failed, was canceled or returned: try again")
    .argument("<group>", "its name or id")
    .argument("<product>", "the product", argument(parseName))
    .action(async (group, product, options) => {
      const client = await connect(options, terminal);
      const desired = await client.groups.clearDesired(group, product);
      reportOn(terminal, options.json ?? false).result(desired, () => describeDesired(terminal, desired));
    });
}

export function unsetCommand(terminal: Terminal) {
  return serverCommand("unset")
    .description("let a group's agents run what they run; rollouts under way go on")
    .argument("<group>", "its name or id")
    .argument("<product>", "the product", argument(parseName))
    .action(async (group, product, options) => {
      const client = await connect(options, terminal);
      await client.groups.removeDesired(group, product);
      reportOn(terminal, options.json ?? false).result(
        { group, product, unset: true },
        () => `Nothing is desired of ${product} in ${group} any more.\n`,
      );
    });
}

/** Adds how agents follow that come later. */
function withFollowUp<Args extends unknown[], Options extends OptionValues, Global extends OptionValues>(
  command: Command<Args, Options, Global>,
) {
  return command
    .optionsGroup("Agents that come later:")
    .option("--follow-every <duration>", "time between two small rollouts for them (default: 1m)", duration)
    .option("--follow-at-most <count>", "agents in one of them (default: 100)", argument(parseCount(1)))
    .option(
      "--offline-after <duration>",
      "a rollout that waits for nobody but offline agents ends after so long (default: 10m)",
      duration,
    );
}

async function put(
  terminal: Terminal,
  { group, product, track }: Pick<PutDesired, "track"> & { readonly group: string; readonly product: string },
  options: DesiredOptions,
): Promise<void> {
  const client = await connect(options, terminal);
  const { followEvery: everyMs, followAtMost: atMost, offlineAfter: offlineAfterMs } = options;
  const plan = { ...planOf(options), followUp: { everyMs, atMost, offlineAfterMs } };
  const desired = await client.groups.putDesired(group, product, { track, plan });
  reportOn(terminal, options.json ?? false).result(desired, () => describeDesired(terminal, desired));
}
