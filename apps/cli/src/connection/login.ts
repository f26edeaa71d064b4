import { createClient } from "@muster/protocol/http";
import { localCommand } from "./commands.ts";
import { saveLogin } from "./settings.ts";
import { usage } from "../arguments/usage.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";

export function loginCommand(terminal: Terminal) {
  return localCommand("login")
    .description("remember a server and a token for the commands that follow")
    .argument("<server>", "address of the server")
    .option("--token <token>", "API token; asked for if left out")
    .option("--token-stdin", "read the token from standard input")
    .action(async (server, options) => {
      const token = options.token ?? (await readToken(terminal, options.tokenStdin ?? false));
      const session = await createClient({ server, token, wait: terminal.wait }).session.get({
        signal: terminal.signal,
      });
      const path = await saveLogin({ server, token }, terminal.env);
      reportOn(terminal, options.json ?? false).result(
        { server, ...session },
        () =>
          `Signed in to ${server} as ${session.actor} (${session.role ?? "no role of the whole fleet"}). Remembered in ${path}.\n`,
      );
    });
}

async function readToken(terminal: Terminal, fromInput: boolean): Promise<string> {
  if (!fromInput && !terminal.interactive) throw usage("Give the token with --token or --token-stdin.");
  const token = fromInput ? await terminal.readInput() : await terminal.ask("Token: ", { secret: true });
  if (token.trim() === "") throw usage("The token is empty.");
  return token.trim();
}
