import { usage } from "../arguments/usage.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** The password as it stands on standard input, without the line's end. */
export async function readPassword({ readInput }: Pick<Terminal, "readInput">): Promise<string> {
  const password = (await readInput()).replace(/\r?\n$/, "");
  if (password === "") throw usage("The password on standard input is empty.");
  return password;
}

/** Asks a person for a new password, twice; nothing is shown. */
export async function askNewPassword({ ask }: Pick<Terminal, "ask">): Promise<string> {
  const password = await ask("New password: ", { secret: true });
  if (password === "") throw usage("The password is empty.");
  if ((await ask("Again: ", { secret: true })) !== password) throw usage("The two passwords differ.");
  return password;
}
