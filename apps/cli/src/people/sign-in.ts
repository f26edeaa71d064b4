import { MusterError } from "@muster/core";
import { createClient } from "@muster/protocol/http";
import { usage } from "../arguments/usage.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { askNewPassword, readPassword } from "./password.ts";

export interface SignInOptions {
  readonly user: string;
  readonly passwordStdin?: boolean | undefined;
  readonly code?: string | undefined;
}

/** Signs a person in and gives the session; asks for whatever the server wants besides the password. */
export async function signIn(server: string, options: SignInOptions, terminal: Terminal) {
  const { passwordStdin = false } = options;
  const canAsk = terminal.interactive && !passwordStdin;
  if (!canAsk && !passwordStdin) throw usage("Give the password with --password-stdin.");
  const { session } = createClient({ server, wait: terminal.wait });
  const password = passwordStdin
    ? await readPassword(terminal)
    : await terminal.ask("Password: ", { secret: true });
  let { code } = options;
  let newPassword: string | undefined;
  for (;;) {
    const wish = { name: options.user, password, code, newPassword, carrier: "bearer" } as const;
    try {
      return await session.createWithPassword(wish);
    } catch (error) {
      const missing = error instanceof MusterError && canAsk ? error.code : null;
      if (missing === "SIGN_IN_CODE_REQUIRED" && code === undefined) {
        code = await terminal.ask("Code: ");
      } else if (missing === "SIGN_IN_PASSWORD_CHANGE_REQUIRED" && newPassword === undefined) {
        terminal.stderr.write("An administrator gave you this password; choose your own now.\n");
        newPassword = await askNewPassword(terminal);
      } else {
        throw error;
      }
    }
  }
}
