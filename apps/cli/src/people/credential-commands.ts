import { Command, Option } from "@commander-js/extra-typings";
import { parseDuration } from "../arguments/duration.ts";
import { parseCount } from "../arguments/numbers.ts";
import { argument, repeated } from "../arguments/usage.ts";
import { parseName } from "../arguments/version.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { DEFAULT_LIMIT, readList } from "../connection/read-list.ts";
import { formatAgo, formatDuration } from "../terminal/format.ts";
import { reportOn } from "../terminal/report.ts";
import { table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { grantsText, parseGrant } from "./grant.ts";

const DAY_MS = 86_400_000;

export function apiTokenCommands(terminal: Terminal) {
  return new Command("api-token")
    .description("API tokens: what programs sign in with")
    .addCommand(createTokenCommand(terminal))
    .addCommand(listTokensCommand(terminal))
    .addCommand(
      revokeCommand(terminal, {
        what: "API token",
        description: "make an API token worthless, and the sessions that stand on it",
        revoke: (client, id) => client.apiTokens.revoke(id),
      }),
    );
}

export function sessionCommands(terminal: Terminal) {
  return new Command("session")
    .description("who is signed in, and from where")
    .addCommand(listSessionsCommand(terminal))
    .addCommand(
      revokeCommand(terminal, {
        what: "session",
        description: "sign a session out, wherever it is",
        revoke: (client, id) => client.session.revoke(id),
      }),
    );
}

/** `90d`, or `never`. */
function parseExpiry(text: string): number | "never" {
  return text === "never" ? text : parseDuration(text);
}

function createTokenCommand(terminal: Terminal) {
  return serverCommand("create")
    .description(
      "make an API token and print it; it is shown only now, and never reaches further than you do",
    )
    .argument("<name>", "what it is for", argument(parseName))
    .addOption(
      new Option("--role <role[@group]>", "role in the fleet, or in one group; may be repeated")
        .argParser(repeated(parseGrant))
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--expires <duration>", "how long it may be used, or never")
        .argParser(argument(parseExpiry))
        .default<number | "never">(90 * DAY_MS, "90d"),
    )
    .action(async (name, { role, expires, ...options }) => {
      const client = await connect(options, terminal);
      const expiresInMs = expires === "never" ? null : expires;
      const created = await client.apiTokens.create({ name, grants: [...role], expiresInMs });
      const report = reportOn(terminal, options.json ?? false);
      report.result(created, () => `${created.token}\n`);
      const until = expiresInMs === null ? "until it is revoked" : `for ${formatDuration(expiresInMs)}`;
      report.remark(`Good ${until}, as ${grantsText(created.grants)}. Its id is ${created.id}.`);
    });
}

/** Options of a list of own things, or of others'. */
function ownListCommand(description: string) {
  return serverCommand("list")
    .description(description)
    .option("--user <name>", "those of this user")
    .option("--all", "those of everybody")
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT);
}

const whose = ({ user, all }: { readonly user?: string | undefined; readonly all?: true | undefined }) => ({
  user,
  all: all && ("true" as const),
});

function listTokensCommand(terminal: Terminal) {
  return ownListCommand("list API tokens, without their secrets").action(async ({ limit, ...options }) => {
    const client = await connect(options, terminal);
    const report = reportOn(terminal, options.json ?? false);
    const page = await readList((query) => client.apiTokens.list({ ...whose(options), ...query }), {
      limit,
      report,
    });
    const now = terminal.now();
    report.result(page, () =>
      table(
        terminal.stdout,
        [
          { title: "ID", value: ({ id }) => id },
          { title: "OWNER", value: ({ owner }) => owner?.name ?? null },
          { title: "NAME", value: ({ name }) => name },
          { title: "ROLES", value: ({ grants }) => grantsText(grants) },
          { title: "LAST USED", value: ({ lastUsedAt }) => formatAgo(now, lastUsedAt) },
          {
            title: "EXPIRES",
            value: ({ expiresAt }) => expiryText(now, expiresAt),
            style: ({ expiresAt }) => (expiresAt !== null && expiresAt <= now ? "red" : null),
          },
        ],
        page.items,
      ),
    );
  });
}

function expiryText(now: number, expiresAt: number | null): string {
  if (expiresAt === null) return "never";
  return expiresAt <= now ? "expired" : `in ${formatDuration(expiresAt - now)}`;
}

function listSessionsCommand(terminal: Terminal) {
  return ownListCommand("list sessions, newest first").action(async ({ limit, ...options }) => {
    const client = await connect(options, terminal);
    const report = reportOn(terminal, options.json ?? false);
    const page = await readList((query) => client.session.list({ ...whose(options), ...query }), {
      limit,
      report,
    });
    const now = terminal.now();
    report.result(page, () =>
      table(
        terminal.stdout,
        [
          { title: "ID", value: ({ id, current }) => (current ? `${id} (this)` : id) },
          { title: "WHO", value: ({ actor }) => actor },
          { title: "BY", value: ({ method }) => method },
          { title: "FROM", value: ({ address }) => address },
          { title: "BEGAN", value: ({ createdAt }) => formatAgo(now, createdAt) },
          { title: "SEEN", value: ({ lastSeenAt }) => formatAgo(now, lastSeenAt) },
          { title: "EXPIRES", value: ({ expiresAt }) => expiryText(now, expiresAt) },
          { title: "BROWSER", value: ({ userAgent }) => userAgent },
        ],
        page.items,
      ),
    );
  });
}

interface Revoking {
  readonly what: string;
  readonly description: string;
  readonly revoke: (client: Awaited<ReturnType<typeof connect>>, id: string) => Promise<void>;
}

function revokeCommand(terminal: Terminal, { what, description, revoke }: Revoking) {
  return serverCommand("revoke")
    .description(description)
    .argument("<id>", `the ${what}'s id`)
    .action(async (id, options) => {
      await revoke(await connect(options, terminal), id);
      reportOn(terminal, options.json ?? false).result(
        { id, revoked: true },
        () => `Revoked ${what} ${id}.\n`,
      );
    });
}
