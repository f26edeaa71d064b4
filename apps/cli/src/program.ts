import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { agentCommands } from "./agents/commands.ts";
import { applyCommand } from "./apply/command.ts";
import { auditCommands } from "./audit/commands.ts";
import { eventsCommand } from "./events/commands.ts";
import { groupCommands } from "./groups/commands.ts";
import { loginCommand } from "./connection/login.ts";
import { demoCommand } from "./demo/command.ts";
import { EXIT_CODE_HELP } from "./exit-code.ts";
import { accountCommands, whoamiCommand } from "./people/account-commands.ts";
import { apiTokenCommands, sessionCommands } from "./people/credential-commands.ts";
import { userCommands } from "./people/user-commands.ts";
import { releaseCommands } from "./release/commands.ts";
import { operationCommands } from "./operations/commands.ts";
import { rolloutCommands } from "./rollouts/commands.ts";
import { serverProgramCommand } from "./server/command.ts";
import { sourceCommands } from "./sources/commands.ts";
import type { Terminal } from "./terminal/terminal.ts";
import { freezeCommands } from "./freezes/commands.ts";
import { tokenCommands } from "./tokens/commands.ts";
import { webhookCommands } from "./webhooks/commands.ts";

/** All of `muster`. Throws `CommanderError` in place of ending the process. */
export function createProgram(terminal: Terminal): CommandUnknownOpts {
  const program = new Command("muster")
    .description("Update fleets of agents: signed releases, staged rollouts, and a way back on every host.")
    .enablePositionalOptions()
    .addHelpText("after", `\n${EXIT_CODE_HELP}`)
    .addCommand(releaseCommands(terminal))
    .addCommand(sourceCommands(terminal))
    .addCommand(agentCommands(terminal))
    .addCommand(groupCommands(terminal))
    .addCommand(rolloutCommands(terminal))
    .addCommand(operationCommands(terminal))
    .addCommand(applyCommand(terminal))
    .addCommand(freezeCommands(terminal))
    .addCommand(tokenCommands(terminal))
    .addCommand(loginCommand(terminal))
    .addCommand(whoamiCommand(terminal))
    .addCommand(accountCommands(terminal))
    .addCommand(userCommands(terminal))
    .addCommand(apiTokenCommands(terminal))
    .addCommand(sessionCommands(terminal))
    .addCommand(eventsCommand(terminal))
    .addCommand(webhookCommands(terminal))
    .addCommand(auditCommands(terminal))
    .addCommand(serverProgramCommand(terminal))
    .addCommand(demoCommand(terminal));
  configure(program, terminal);
  return program;
}

/** Added commands do not take over their parent's settings. */
function configure(command: CommandUnknownOpts, terminal: Terminal): void {
  command
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: terminal.stdout.write,
      // What went wrong is printed once, in the form of all other errors.
      writeErr: () => undefined,
      getOutHasColors: () => terminal.stdout.colored,
      getOutHelpWidth: () => terminal.stdout.columns,
    });
  for (const child of command.commands) configure(child, terminal);
}
