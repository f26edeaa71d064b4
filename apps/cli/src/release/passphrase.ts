import { usage } from "../arguments/usage.ts";
import { readSmallFile } from "../files.ts";
import type { Terminal } from "../terminal/terminal.ts";

export interface PassphraseOptions {
  readonly passphraseFile?: string | undefined;
}

const PASSPHRASE_MAX_BYTES = 4096;

/** The passphrase of a key file from `--passphrase-file` or `MUSTER_KEY_PASSPHRASE`; undefined if neither is given. */
export async function givenPassphrase(
  { passphraseFile }: PassphraseOptions,
  env: Terminal["env"],
): Promise<string | undefined> {
  if (passphraseFile === undefined) return env["MUSTER_KEY_PASSPHRASE"] || undefined;
  const text = new TextDecoder().decode(await readSmallFile(passphraseFile, PASSPHRASE_MAX_BYTES));
  // Editors end a file with a line's end, which nobody means.
  const passphrase = text.replace(/\r?\n$/, "");
  if (passphrase === "") throw usage("The passphrase is empty.");
  return passphrase;
}

/** Asks a person for a new passphrase, twice. */
export async function askNewPassphrase({ ask }: Terminal): Promise<string> {
  const passphrase = await ask("New passphrase: ", { secret: true });
  if (passphrase === "") throw usage("The passphrase is empty.");
  if ((await ask("Again: ", { secret: true })) !== passphrase) throw usage("The two passphrases differ.");
  return passphrase;
}
