import { Command } from "@commander-js/extra-typings";
import { argument, usage } from "../arguments/usage.ts";
import { parseCount } from "../arguments/numbers.ts";
import { parseName } from "../arguments/version.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { DEFAULT_LIMIT, readList } from "../connection/read-list.ts";
import { formatDuration } from "../terminal/format.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { parseRepository } from "./repository.ts";
import { describeSource, sourceReleaseTable, sourceTable } from "./source-text.ts";

export function sourceCommands(terminal: Terminal) {
  return new Command("source")
    .description("repositories on GitHub, Forgejo or Gitea that releases are imported from")
    .addCommand(addCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(releasesCommand(terminal))
    .addCommand(updateCommand(terminal))
    .addCommand(removeCommand(terminal));
}

function addCommand(terminal: Terminal) {
  return serverCommand("add")
    .description("add a repository; a token for a private one is read from standard input")
    .argument(
      "<repository>",
      "acme/agent on GitHub, or git.example.com/acme/agent",
      argument(parseRepository),
    )
    .requiredOption("--product <name>", "the product that its releases are of", argument(parseName))
    .option("--name <name>", "what to call it; as the product unless told", argument(parseName))
    .option("--host-token-stdin", "read the release host's token from standard input")
    .action(async (repository, options) => {
      const { product, name: id } = options;
      const token = options.hostTokenStdin ? await readHostToken(terminal) : undefined;
      const client = await connect(options, terminal);
      const source = await client.sources.create({ id, ...repository, product, token });
      reportOn(terminal, options.json ?? false).result(source, () => describeSource(terminal.stdout, source));
    });
}

function listCommand(terminal: Terminal) {
  return serverCommand("list")
    .description("list sources, without their tokens")
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT)
    .action(async (options) => {
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      const page = await readList((query) => client.sources.list(query), { limit: options.limit, report });
      report.result(page, () => sourceTable(terminal.stdout, page.items));
    });
}

function releasesCommand(terminal: Terminal) {
  return serverCommand("releases")
    .description("list a source's recent releases, and which of them can be imported")
    .argument("<source>", "the source's name", argument(parseName))
    .option("--refresh", "ask the release host again, also within five minutes")
    .action(async (id, options) => {
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      const { refresh = false } = options;
      const releases = await client.sources.releases(id, { refresh }, { signal: terminal.signal });
      report.result(releases, () => sourceReleaseTable(terminal, releases.items));
      if (releases.items.length === 0) report.remark("There are none.");
      if (releases.problem !== null) {
        const { code, message, retryAfterMs } = releases.problem;
        const again = retryAfterMs === null ? "" : ` Ask again in ${formatDuration(retryAfterMs)}.`;
        report.remark(
          `As of ${formatDuration(terminal.now() - releases.checkedAt)} ago: ${message} [${code}]${again}`,
        );
      }
    });
}

function updateCommand(terminal: Terminal) {
  return serverCommand("update")
    .description("change a source; its host stays, so that its token goes nowhere else")
    .argument("<source>", "the source's name", argument(parseName))
    .option("--repository <repository>", "on the same host", argument(parseRepository))
    .option("--product <name>", "the product that its releases are of", argument(parseName))
    .option("--host-token-stdin", "read the release host's new token from standard input")
    .option("--no-host-token", "forget the token")
    .action(async (id, options) => {
      if (options.hostTokenStdin && !options.hostToken) throw usage("Give a token or forget it, not both.");
      const read = options.hostTokenStdin ? await readHostToken(terminal) : undefined;
      const token = options.hostToken ? read : null;
      const client = await connect(options, terminal);
      const { owner, repo, kind, host } = options.repository ?? {};
      if (kind !== undefined) requireSameHost(await client.sources.get(id), { kind, host });
      const source = await client.sources.update(id, { owner, repo, product: options.product, token });
      reportOn(terminal, options.json ?? false).result(source, () => describeSource(terminal.stdout, source));
    });
}

function removeCommand(terminal: Terminal) {
  return serverCommand("remove")
    .description("remove a source and its token; what was imported from it stays")
    .argument("<source>", "the source's name", argument(parseName))
    .action(async (id, options) => {
      const client = await connect(options, terminal);
      await client.sources.remove(id);
      reportOn(terminal, options.json ?? false).result(
        { id, removed: true },
        () => `Removed source ${id}.\n`,
      );
    });
}

function requireSameHost(
  source: { readonly kind: string; readonly host: string },
  { kind, host = source.host }: { readonly kind: string; readonly host: string | undefined },
): void {
  // A name without a host is one on the source's own host.
  const isSame = host.toLowerCase() === source.host && (kind === source.kind || kind === "github");
  if (!isSame) throw usage(`The source is on ${source.host}; add another one for ${host}.`);
}

async function readHostToken(terminal: Terminal): Promise<string> {
  const token = (await terminal.readInput()).trim();
  if (token === "") throw usage("The token is empty.");
  return token;
}
