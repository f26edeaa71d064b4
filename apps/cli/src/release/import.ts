import type { Client, ReleaseView } from "@muster/protocol/http";
import { parseName, parseVersionArgument } from "../arguments/version.ts";
import { argument } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { progressOn } from "../terminal/progress.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { describeRelease } from "./release-text.ts";
import { noWaitOption, waitTimeoutOption, waitUntilReady } from "./wait-until-ready.ts";

export function importCommand(terminal: Terminal) {
  return serverCommand("import")
    .description("let the server take a release from a source, and wait until it is ready")
    .argument("<source>", "the source's name; see `muster source list`", argument(parseName))
    .argument("<tag>", "the release's tag there; see `muster source releases`")
    .option("--manifest-asset <name>", "the manifest's name among the release's assets")
    .option("--signature-asset <name>", "its signature's name; the manifest's and .sig unless told")
    .addOption(noWaitOption())
    .addOption(waitTimeoutOption())
    .action(async (source, tag, options) => {
      const client = await connect(options, terminal);
      const { manifestAsset, signatureAsset } = options;
      const begun = await client.sources.import(
        source,
        { tag, manifestAsset, signatureAsset },
        { signal: terminal.signal },
      );
      await finish(begun, { client, terminal, options });
    });
}

export function retryCommand(terminal: Terminal) {
  return serverCommand("retry")
    .description("mirror a release again that failed; it goes on where it stopped")
    .argument("<product>", "product", argument(parseName))
    .argument("<version>", "version", argument(parseVersionArgument))
    .addOption(noWaitOption())
    .addOption(waitTimeoutOption())
    .action(async (product, version, options) => {
      const client = await connect(options, terminal);
      const begun = await client.releases.retry({ product, version });
      await finish(begun, { client, terminal, options });
    });
}

interface Finishing {
  readonly client: Client;
  readonly terminal: Terminal;
  readonly options: { readonly json?: true | undefined; readonly wait: boolean; readonly timeout: number };
}

/** Waits for the release, if that is wanted, and shows it. */
async function finish(begun: ReleaseView, { client, terminal, options }: Finishing): Promise<void> {
  const json = options.json ?? false;
  const waiting = { client, progress: progressOn(terminal, json), timeoutMs: options.timeout, terminal };
  const release = options.wait ? await waitUntilReady(begun, waiting) : begun;
  reportOn(terminal, json).result(release, () => describeRelease(terminal.stdout, release));
}
