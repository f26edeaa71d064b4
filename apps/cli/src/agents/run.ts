import { AGENT_COMMAND_NAMES, MusterError } from "@muster/core";
import { parseLabel } from "../arguments/labels.ts";
import { argument, usage } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** Asks one connected agent for one thing of the list, and prints what it answers. */
export function runCommand(terminal: Terminal) {
  return serverCommand("run")
    .description("ask a connected agent for something: ping, diagnostics, log_level level=debug, restart")
    .argument("<id>", "the agent's id")
    .argument("<command>", AGENT_COMMAND_NAMES.join(", "), argument(parseCommandName))
    .argument("[arguments...]", "arguments of the command, as name=value")
    .action(async (id, name, pairs, options) => {
      const client = await connect(options, terminal);
      const command = await client.agents.run(id, {
        name,
        arguments: Object.fromEntries(pairs.map(parseLabel)),
      });
      reportOn(terminal, options.json ?? false).result(command, () => `${command.output || command.state}\n`);
      if (command.state === "timed_out")
        throw new MusterError("COMMAND_UNANSWERED", { agent: id, command: name });
      if (command.state === "failed")
        throw new MusterError("COMMAND_FAILED", { agent: id, command: name, problem: command.output });
    });
}

function parseCommandName(text: string) {
  const found = AGENT_COMMAND_NAMES.find((name) => name === text);
  if (found === undefined) throw usage(`Give one of ${AGENT_COMMAND_NAMES.join(", ")}.`);
  return found;
}
