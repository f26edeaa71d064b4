import type { Command, OptionValues } from "@commander-js/extra-typings";
import { DEFAULT_LIMITS } from "@muster/core";
import { parseDuration } from "../arguments/duration.ts";
import { parseList } from "../arguments/labels.ts";
import { parseCount, parsePercent, parseShareOrCount } from "../arguments/numbers.ts";
import { parseTime } from "../arguments/time.ts";
import { argument, repeated, usage } from "../arguments/usage.ts";
import { parseName, parseVersionArgument } from "../arguments/version.ts";
import { parseWaves } from "../arguments/waves.ts";
import { parseWindow } from "../arguments/window.ts";
import { serverCommand } from "../connection/commands.ts";
import { formatDuration } from "../terminal/format.ts";
import { parseSpread, parseStageDeadline } from "./rollout-request.ts";

const duration = argument(parseDuration);

/** A command that takes the whole plan of a rollout. */
export function planCommand(name: string) {
  const command = serverCommand(name)
    .argument("<product>", "product to update", argument(parseName))
    .argument("<version>", "version to bring it to", argument(parseVersionArgument))
    .optionsGroup("Who (one is required):")
    .option("--all", "every agent of the product")
    .option("--group <group>", "the agents of this group")
    .option("--agents <ids>", "these agents, separated by commas", argument(parseList))
    .option("--filter <filter>", "agents that match, e.g. 'env=production version:<2.6 -os:windows'")
    .option("--labels <expression>", "agents that match, e.g. env=production,os!=windows");
  return withPlan(command)
    .optionsGroup("When it goes wrong:")
    .option(
      "--slice-labels <labels>",
      "hold back a value of these labels when rollbacks cluster there, as it is done for each platform",
      argument(parseList),
    )
    .optionsGroup("On each host:")
    .option("--allow-downgrade", "also to a lower version, though never below the signed floor")
    .optionsGroup("When:")
    .option("--start-at <time>", "not before this moment, e.g. 2030-01-31T22:00:00Z", argument(parseTime))
    .option(
      "--window <window>",
      "update only then, e.g. 'sat,sun 02:00 for 4h in Europe/Berlin', by default in each host's own time; may be repeated",
      repeated(parseWindow),
    )
    .option("--emergency", "overtake what waits in other rollouts, at any hour and through any freeze");
}

/** Adds how fast to go, when to stop and what holds on each host: what every plan has. */
export function withPlan<Args extends unknown[], Options extends OptionValues, Global extends OptionValues>(
  command: Command<Args, Options, Global>,
) {
  const { deadlineMs, stabilizationMs, maxBoots } = DEFAULT_LIMITS;
  return command
    .optionsGroup("How fast (one is required):")
    .option(
      "--waves <ends>",
      "waves, e.g. 5%,25%,100% or 1,10%,100% or the preset 5/25/100 or 10/50/100",
      argument(parseWaves),
    )
    .option("--settle <duration>", "with --waves: wait so long after each wave (default: 10m)", duration)
    .option("--approve-manually", "with --waves: each further wave waits for `muster rollout approve`")
    .option("--approve-by-two", "with --waves: the same, by two people")
    .option("--batch-size <count>", "so many agents at a time", argument(parseCount(1)))
    .option("--batch-delay <duration>", "with --batch-size: time between two batches", duration)
    .option("--immediate", "all at once")
    .option("--max-in-flight <count>", "most agents that update at the same time", argument(parseCount(1)))
    .option(
      "--spread <label=count>",
      "never more than so many agents with the same value of the label at a time, e.g. rack=2",
      argument(parseSpread),
    )
    .option("--max-downloads <count>", "most agents that download at the same time", argument(parseCount(1)))
    .optionsGroup("Agents that are offline:")
    .option(
      "--wave-done-at <percent>",
      "a wave passes when so many percent of its agents have ended (default: the offline ones hold nothing back)",
      argument(parsePercent),
    )
    .option(
      "--offline-expire <duration>",
      "leave out an agent that is away for so long after its wave opened (default: wait for it)",
      duration,
    )
    .optionsGroup("When it goes wrong:")
    .option(
      "--max-failures <limit>",
      "halt at so many failed agents of a wave: 2, or 5%",
      argument(parseShareOrCount),
    )
    .option("--on-failure <action>", "pause, or roll_back what was updated", argument(parseAction))
    .option("--silent-after <duration>", "an agent that is silent for so long has failed", duration)
    .optionsGroup("On each host:")
    .option(
      "--health-deadline <duration>",
      `time to become healthy (default: ${formatDuration(deadlineMs)})`,
      duration,
    )
    .option(
      "--stabilization <duration>",
      `time to stay healthy (default: ${formatDuration(stabilizationMs)})`,
      duration,
    )
    .option(
      "--max-boots <count>",
      `starts until it counts as crashed (default: ${maxBoots})`,
      argument(parseCount(1)),
    )
    .option(
      "--stage-deadline <stage=duration>",
      "longest time without progress in dispatched, downloading, verifying, staging or restarting; may be repeated",
      repeated(parseStageDeadline),
    );
}

function parseAction(text: string): "pause" | "roll_back" {
  if (text === "pause" || text === "roll_back") return text;
  throw usage("Give pause or roll_back.");
}
