import { MusterError } from "@muster/core";
import { createClient } from "@muster/protocol/http";
import { localCommand } from "./commands.ts";
import { saveLogin } from "./settings.ts";
import { grantsText } from "../people/grant.ts";
import { signIn } from "../people/sign-in.ts";
import { usage } from "../arguments/usage.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";

export function loginCommand(terminal: Terminal) {
  return localCommand("login")
    .description("remember a server and a token, or sign in as a user, for the commands that follow")
    .argument("<server>", "address of the server")
    .option("--token <token>", "API token; asked for if left out")
    .option("--token-stdin", "read the token from standard input")
    .option("--user <name>", "sign in as this user, with a password")
    .option("--password-stdin", "read the password from standard input")
    .option("--code <code>", "of the authenticator app, or a recovery code; asked for where it is needed")
    .action(async (server, options) => {
      const token = await credentialOf(server, options, terminal);
      const session = await createClient({ server, token, wait: terminal.wait }).session.get({
        signal: terminal.signal,
      });
      const path = await saveLogin({ server, token }, terminal.env);
      reportOn(terminal, options.json ?? false).result(
        { server, ...session },
        () =>
          `Signed in to ${server} as ${session.actor} (${grantsText(session.grants) || "no role"}). Remembered in ${path}.\n`,
      );
    });
}

interface LoginOptions {
  readonly token?: string | undefined;
  readonly tokenStdin?: true | undefined;
  readonly user?: string | undefined;
  readonly passwordStdin?: true | undefined;
  readonly code?: string | undefined;
}

/** The API token, or the secret of a new session. */
async function credentialOf(server: string, options: LoginOptions, terminal: Terminal): Promise<string> {
  const { user, token } = options;
  if (user === undefined) return token ?? readToken(terminal, options.tokenStdin ?? false);
  if (token !== undefined || options.tokenStdin) throw usage("Sign in by --user or by a token, not both.");
  const { secret } = await signIn(server, { ...options, user }, terminal);
  if (secret === null) throw new MusterError("AUTH_REQUIRED");
  return secret;
}

async function readToken(terminal: Terminal, fromInput: boolean): Promise<string> {
  if (!fromInput && !terminal.interactive) throw usage("Give the token with --token or --token-stdin.");
  const token = fromInput ? await terminal.readInput() : await terminal.ask("Token: ", { secret: true });
  if (token.trim() === "") throw usage("The token is empty.");
  return token.trim();
}
