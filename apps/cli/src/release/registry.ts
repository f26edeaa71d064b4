import type { ReleaseView } from "@muster/protocol/http";
import { parseCount } from "../arguments/numbers.ts";
import { argument, usage } from "../arguments/usage.ts";
import { parseName, parseVersionArgument } from "../arguments/version.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { DEFAULT_LIMIT, readList } from "../connection/read-list.ts";
import { formatAgo, formatBytes } from "../terminal/format.ts";
import { reportOn } from "../terminal/report.ts";
import { table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { describeRelease, releaseStyle } from "./release-text.ts";

export function listCommand(terminal: Terminal) {
  return serverCommand("list")
    .description("list the server's releases, newest first")
    .option("--product <name>", "only of this product", argument(parseName))
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT)
    .action(async (options) => {
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      const { product, limit } = options;
      const page = await readList((query) => client.releases.list({ product, ...query }), { limit, report });
      report.result(page, () => releaseTable(terminal, page.items));
    });
}

export function showCommand(terminal: Terminal) {
  return serverCommand("show")
    .description("show one release")
    .argument("<product>", "product", argument(parseName))
    .argument("<version>", "version", argument(parseVersionArgument))
    .action(async (product, version, options) => {
      const client = await connect(options, terminal);
      const release = await client.releases.get({ product, version });
      reportOn(terminal, options.json ?? false).result(release, () =>
        describeRelease(terminal.stdout, release),
      );
    });
}

export function yankCommand(terminal: Terminal) {
  return serverCommand("yank")
    .description("take a release back: no new rollout may use it, and running ones pause")
    .argument("<product>", "product", argument(parseName))
    .argument("<version>", "version", argument(parseVersionArgument))
    .requiredOption("--why <text>", "the reason, kept with the release", argument(parseWhy))
    .action(async (product, version, options) => {
      const client = await connect(options, terminal);
      const release = await client.releases.yank({ product, version }, options.why);
      reportOn(terminal, options.json ?? false).result(release, () =>
        describeRelease(terminal.stdout, release),
      );
    });
}

function parseWhy(text: string): string {
  if (text.trim() === "" || text.length > 1024) throw usage("Give a reason of at most 1024 characters.");
  return text;
}

function releaseTable({ stdout, now }: Terminal, releases: readonly ReleaseView[]): string {
  return table(
    stdout,
    [
      { title: "PRODUCT", value: ({ product }) => product },
      { title: "VERSION", value: ({ version }) => version },
      { title: "CHANNEL", value: ({ channel }) => channel },
      { title: "STATE", value: ({ state }) => state, style: ({ state }) => releaseStyle(state) },
      {
        title: "PLATFORMS",
        value: ({ artifacts }) => artifacts.map(({ os, arch }) => `${os}/${arch}`).join(" "),
      },
      {
        title: "SIZE",
        value: ({ artifacts }) => formatBytes(artifacts.reduce((sum, { size }) => sum + size, 0)),
      },
      { title: "PUBLISHED", value: ({ publishedAt }) => formatAgo(now(), publishedAt) },
      { title: "SIGNED BY", value: ({ signedBy }) => signedBy.join(", ") },
    ],
    releases,
  );
}
