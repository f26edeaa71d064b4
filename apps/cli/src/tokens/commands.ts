import { Command, Option } from "@commander-js/extra-typings";
import { parseDuration } from "../arguments/duration.ts";
import { parseLabel } from "../arguments/labels.ts";
import { parseCount } from "../arguments/numbers.ts";
import { argument, repeated } from "../arguments/usage.ts";
import { parseName } from "../arguments/version.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { DEFAULT_LIMIT, readList } from "../connection/read-list.ts";
import { formatDuration } from "../terminal/format.ts";
import { reportOn } from "../terminal/report.ts";
import { table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";

export function tokenCommands(terminal: Terminal) {
  return new Command("token")
    .description("registration tokens: what a new host enrols with")
    .addCommand(createCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(revokeCommand(terminal));
}

function createCommand(terminal: Terminal) {
  return serverCommand("create")
    .description("make a token and print it; it is shown only now")
    .option("--max-uses <count>", "hosts that may enrol with it", argument(parseCount(1)), 1)
    .addOption(
      new Option("--expires <duration>", "how long it may be used, at least 1m")
        .argParser(argument(parseDuration))
        .default(24 * 3_600_000, "24h"),
    )
    .option(
      "--label <key=value>",
      "label of every host that enrols with it; may be repeated",
      repeated(parseLabel),
    )
    .option("--product <name>", "only for agents of this product", argument(parseName))
    .action(async (options) => {
      const client = await connect(options, terminal);
      const created = await client.tokens.create({
        maxUses: options.maxUses,
        expiresInMs: options.expires,
        labels: Object.fromEntries(options.label ?? []),
        product: options.product,
      });
      const report = reportOn(terminal, options.json ?? false);
      report.result(created, () => `${created.token}\n`);
      const uses = created.maxUses === 1 ? "once" : `${created.maxUses} times`;
      report.remark(`Good ${uses}, for ${formatDuration(options.expires)}. On the host:`);
      report.remark("  muster-agent enroll --server <gateway:port> --product <name> --token <token>");
    });
}

function listCommand(terminal: Terminal) {
  return serverCommand("list")
    .description("list tokens, without their secrets")
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT)
    .action(async (options) => {
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      const page = await readList((query) => client.tokens.list(query), { limit: options.limit, report });
      const now = terminal.now();
      report.result(page, () =>
        table(
          terminal.stdout,
          [
            { title: "ID", value: ({ id }) => id },
            { title: "USES", value: ({ uses, maxUses }) => `${uses} of ${maxUses}` },
            {
              title: "EXPIRES",
              value: ({ expiresAt }) =>
                expiresAt <= now ? "expired" : `in ${formatDuration(expiresAt - now)}`,
              style: ({ expiresAt }) => (expiresAt <= now ? "red" : null),
            },
            { title: "PRODUCT", value: ({ product }) => product },
            {
              title: "LABELS",
              value: ({ labels }) =>
                Object.entries(labels)
                  .map((label) => label.join("="))
                  .join(" "),
            },
          ],
          page.items,
        ),
      );
    });
}

function revokeCommand(terminal: Terminal) {
  return serverCommand("revoke")
    .description("make a token worthless; agents that enrolled with it stay")
    .argument("<id>", "the token's id")
    .action(async (id, options) => {
      const client = await connect(options, terminal);
      await client.tokens.revoke(id);
      reportOn(terminal, options.json ?? false).result({ id, revoked: true }, () => `Revoked token ${id}.\n`);
    });
}
