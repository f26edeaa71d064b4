import { encodeTrustAnchor, keyId, parsePublicKey, type NamedKey, type TrustAnchor } from "@muster/trust";
import { parseCount } from "../arguments/numbers.ts";
import { argument } from "../arguments/usage.ts";
import { localCommand } from "../connection/commands.ts";
import { readSmallFile, writeWholeFile } from "../files.ts";
import { reportOn } from "../terminal/report.ts";
import { table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { MusterError } from "@muster/core";

const PUBLIC_KEY_MAX_BYTES = 65_536;

export function anchorCommand(terminal: Terminal) {
  return localCommand("anchor")
    .description("put public keys together to a trust anchor: what hosts and servers believe")
    .argument("<keys...>", "public key files (.pub)")
    .requiredOption(
      "--threshold <count>",
      "signatures by different keys that a release needs",
      argument(parseCount(1)),
    )
    .option("--out <file>", "where it is written", "trust-anchor.json")
    .option("--force", "replace a file that is there")
    .action(async (paths, options) => {
      const keys: NamedKey[] = [];
      for (const path of paths) keys.push(await readPublicKey(path));
      const anchor: TrustAnchor = { schema: 1, threshold: options.threshold, keys };
      await writeWholeFile(options.out, encodeTrustAnchor(anchor), { replace: options.force ?? false });
      const rows = keys.map(({ name, publicKey }) => ({ name, keyid: keyId(publicKey) }));
      reportOn(terminal, options.json ?? false).result(
        { path: options.out, threshold: anchor.threshold, keys: rows },
        () =>
          table(
            terminal.stdout,
            [
              { title: "NAME", value: ({ name }) => name },
              { title: "KEY ID", value: ({ keyid }) => keyid },
            ],
            rows,
          ) + `${anchor.threshold} of ${keys.length} must sign. Wrote ${options.out}\n`,
      );
    });
}

async function readPublicKey(path: string): Promise<NamedKey> {
  const bytes = await readSmallFile(path, PUBLIC_KEY_MAX_BYTES);
  try {
    return parsePublicKey(bytes);
  } catch (error) {
    if (error instanceof MusterError)
      throw new MusterError(error.code, { path, ...error.details }, { cause: error });
    throw error;
  }
}
