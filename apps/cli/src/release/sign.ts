import type { KeyObject } from "node:crypto";
import { parseManifest } from "@muster/core";
import {
  isEncryptedPrivateKey,
  keyId,
  parsePrivateKey,
  parseSignatures,
  rawPublicKey,
  sha256Hex,
  signManifest,
} from "@muster/trust";
import { localCommand } from "../connection/commands.ts";
import { readSmallFile, writeWholeFile } from "../files.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { givenPassphrase, type PassphraseOptions } from "./passphrase.ts";
import { findRelease, readManifestFile, readSignatureFileIfAny } from "./release-files.ts";

const KEY_MAX_BYTES = 65_536;

export function signCommand(terminal: Terminal) {
  return localCommand("sign")
    .description("sign a manifest; the signature is added to those that are there")
    .argument("<release>", "the release's folder, or its manifest")
    .requiredOption("--key <file>", "private key file")
    .option(
      "--passphrase-file <file>",
      "passphrase of the key (or MUSTER_KEY_PASSPHRASE; else it is asked for)",
    )
    .action(async (path, options) => {
      const release = await findRelease(path);
      const bytes = await readManifestFile(release);
      const { product, version } = parseManifest(bytes);
      const key = await readKey(terminal, options.key, options);
      const signatures = signManifest(bytes, key, (await readSignatureFileIfAny(release)) ?? undefined);
      await writeWholeFile(release.signatures, signatures, { replace: true });
      const count = parseSignatures(signatures).signatures.length;
      const keyid = keyId(rawPublicKey(key));
      reportOn(terminal, options.json ?? false).result(
        { product, version, digest: sha256Hex(bytes), path: release.signatures, keyid, signatures: count },
        () =>
          `Signed ${product} ${version} with key ${keyid.slice(0, 16)}…: ${count} in ${release.signatures}\n`,
      );
    });
}

async function readKey(terminal: Terminal, path: string, options: PassphraseOptions): Promise<KeyObject> {
  const text = new TextDecoder().decode(await readSmallFile(path, KEY_MAX_BYTES));
  const given = await givenPassphrase(options, terminal.env);
  if (given !== undefined || !isEncryptedPrivateKey(text) || !terminal.interactive)
    return parsePrivateKey(text, given);
  return parsePrivateKey(text, await terminal.ask(`Passphrase of ${path}: `, { secret: true }));
}
