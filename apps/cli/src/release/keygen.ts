import { MusterError } from "@muster/core";
import { encodePrivateKey, encodePublicKey, generateSigningKey, keyId, rawPublicKey } from "@muster/trust";
import { usage } from "../arguments/usage.ts";
import { localCommand } from "../connection/commands.ts";
import { exists, writeWholeFile } from "../files.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { askNewPassphrase, givenPassphrase, type PassphraseOptions } from "./passphrase.ts";

export function keygenCommand(terminal: Terminal) {
  return localCommand("keygen")
    .description("make a signing key: <name>.key, to be kept secret, and <name>.pub, to be trusted")
    .argument("<name>", "what people call the key, e.g. release-2026")
    .option("--out <path>", "path without ending, in place of <name>")
    .option(
      "--passphrase-file <file>",
      "encrypt the key with the passphrase in this file (or MUSTER_KEY_PASSPHRASE)",
    )
    .option("--ask-passphrase", "ask for a passphrase to encrypt the key with")
    .action(async (name, options) => {
      const out = options.out ?? name;
      const paths = { privateKey: `${out}.key`, publicKey: `${out}.pub` };
      const key = generateSigningKey();
      const publicKey = rawPublicKey(key);
      const publicFile = publicKeyFile(name, publicKey);
      const passphrase = await choosePassphrase(terminal, options);
      if (await exists(paths.publicKey)) {
        throw new MusterError("FILE_NOT_WRITABLE", { path: paths.publicKey, problem: "exists already" });
      }
      await writeWholeFile(paths.privateKey, encodePrivateKey(key, passphrase), {
        mode: 0o600,
        replace: false,
      });
      await writeWholeFile(paths.publicKey, publicFile, { replace: false });
      const encrypted = passphrase !== undefined;
      const report = reportOn(terminal, options.json ?? false);
      report.result(
        { name, keyid: keyId(publicKey), ...paths, encrypted },
        () =>
          `Private key  ${paths.privateKey}\nPublic key   ${paths.publicKey}\nKey id       ${keyId(publicKey)}\n`,
      );
      if (!encrypted)
        report.remark("The private key is not encrypted: keep it where only the release pipeline reads it.");
    });
}

/** A name that could not be read again is refused before anything is written. */
function publicKeyFile(name: string, publicKey: Uint8Array): Uint8Array {
  if (/[\\/]/.test(name)) throw usage("A key's name is not a path; use --out for where it is written.");
  return encodePublicKey({ name, publicKey });
}

async function choosePassphrase(
  terminal: Terminal,
  options: PassphraseOptions & { readonly askPassphrase?: true | undefined },
): Promise<string | undefined> {
  const given = await givenPassphrase(options, terminal.env);
  if (given !== undefined || !options.askPassphrase) return given;
  if (!terminal.interactive) throw usage("There is nobody to ask for a passphrase; use --passphrase-file.");
  return askNewPassphrase(terminal);
}
