import { Command } from "@commander-js/extra-typings";
import type { UserView } from "@muster/protocol/http";
import { parseCount } from "../arguments/numbers.ts";
import { argument, repeated, usage } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { DEFAULT_LIMIT, readList } from "../connection/read-list.ts";
import { formatAgo } from "../terminal/format.ts";
import { type Report, reportOn } from "../terminal/report.ts";
import { table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { grantsText, parseGrant, parseRole } from "./grant.ts";
import { askNewPassword, readPassword } from "./password.ts";

export function userCommands(terminal: Terminal) {
  return new Command("user")
    .description("the people who use Muster, and their roles")
    .addCommand(createCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(grantCommand(terminal))
    .addCommand(revokeCommand(terminal))
    .addCommand(standingCommand(terminal, "disable"))
    .addCommand(standingCommand(terminal, "enable"))
    .addCommand(resetPasswordCommand(terminal));
}

/** Options of a command that gives a user a password. */
function passwordCommand(name: string) {
  return serverCommand(name)
    .option("--password-stdin", "read the password from standard input")
    .option("--ask-password", "ask for the password; otherwise one is made, printed, and has to be changed");
}

interface PasswordOptions {
  readonly passwordStdin?: true | undefined;
  readonly askPassword?: true | undefined;
}

async function chosenPassword(options: PasswordOptions, terminal: Terminal): Promise<string | undefined> {
  if (options.passwordStdin) return readPassword(terminal);
  if (!options.askPassword) return undefined;
  if (!terminal.interactive) throw usage("Nobody can be asked here; use --password-stdin.");
  return askNewPassword(terminal);
}

function createCommand(terminal: Terminal) {
  return passwordCommand("create")
    .description("make a user")
    .argument("<name>", "what the user signs in with")
    .option(
      "--role <role[@group]>",
      "role in the fleet, or in one group; may be repeated",
      repeated(parseGrant),
    )
    .option("--email <address>", "mail address")
    .action(async (name, { role: grants = [], email, ...options }) => {
      const password = await chosenPassword(options, terminal);
      const client = await connect(options, terminal);
      const user = await client.users.create({ name, email, grants: [...grants], password });
      const report = reportOn(terminal, options.json ?? false);
      report.result(user, () => `Made user ${user.name} (${grantsText(user.grants) || "no role"}).\n`);
      showPassword(report, user);
    });
}

function showPassword(
  report: Report,
  { name, initialPassword }: { readonly name: string; readonly initialPassword: string | null },
): void {
  if (initialPassword === null) return;
  report.remark(`Password, shown only now, to be changed at the first sign-in: ${initialPassword}`);
  report.remark(`  muster login <server> --user ${name}`);
}

function listCommand(terminal: Terminal) {
  return serverCommand("list")
    .description("list users and their roles")
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT)
    .action(async ({ limit, ...options }) => {
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      const page = await readList((query) => client.users.list(query), { limit, report });
      report.result(page, () =>
        table(
          terminal.stdout,
          [
            { title: "NAME", value: ({ name }) => name },
            { title: "ROLES", value: ({ grants }) => grantsText(grants) },
            { title: "SIGNS IN WITH", value: methodsText },
            { title: "LAST SIGN-IN", value: ({ lastSignInAt }) => formatAgo(terminal.now(), lastSignInAt) },
            {
              title: "STATE",
              value: ({ disabled }) => (disabled ? "disabled" : "active"),
              style: ({ disabled }) => (disabled ? "red" : null),
            },
            { title: "EMAIL", value: ({ email }) => email },
          ],
          page.items,
        ),
      );
    });
}

function methodsText({ methods }: UserView): string {
  const { password, totp, passkeys, oidc } = methods;
  const parts = [
    ...(password ? [totp ? "password+code" : "password"] : []),
    ...(passkeys > 0 ? ["passkey"] : []),
    ...(oidc ? ["oidc"] : []),
  ];
  return parts.join(" ");
}

function grantCommand(terminal: Terminal) {
  return serverCommand("grant")
    .description("give a user a role, in the whole fleet or in one group")
    .argument("<name>", "the user")
    .argument("<role>", "viewer, operator or administrator", argument(parseRole))
    .option("--group <id>", "only in this group")
    .action(async (name, role, { group = null, ...options }) => {
      const client = await connect(options, terminal);
      show(terminal, options, await client.users.grant(name, { role, groupId: group }));
    });
}

function revokeCommand(terminal: Terminal) {
  return serverCommand("revoke")
    .description("take a user's role away, in the whole fleet or in one group")
    .argument("<name>", "the user")
    .option("--group <id>", "only the role in this group")
    .action(async (name, { group = null, ...options }) => {
      const client = await connect(options, terminal);
      show(terminal, options, await client.users.revoke(name, group));
    });
}

function standingCommand(terminal: Terminal, verb: "disable" | "enable") {
  return serverCommand(verb)
    .description(
      verb === "disable" ? "shut a user out, with their sessions and tokens" : "let a user in again",
    )
    .argument("<name>", "the user")
    .action(async (name, options) => {
      const client = await connect(options, terminal);
      show(terminal, options, await client.users[verb](name));
    });
}

function resetPasswordCommand(terminal: Terminal) {
  return passwordCommand("reset-password")
    .description("give a user a new password; their sessions end")
    .argument("<name>", "the user")
    .option("--remove-second-factors", "also codes and passkeys: the person has lost them")
    .action(async (name, { removeSecondFactors = false, ...options }) => {
      const password = await chosenPassword(options, terminal);
      const client = await connect(options, terminal);
      const user = await client.users.resetPassword(name, { password, removeSecondFactors });
      const report = reportOn(terminal, options.json ?? false);
      report.result(user, () => `User ${user.name} has a new password; their sessions are over.\n`);
      showPassword(report, user);
    });
}

function show(terminal: Terminal, { json }: { readonly json?: true | undefined }, user: UserView): void {
  const state = user.disabled ? "disabled" : "active";
  reportOn(terminal, json ?? false).result(
    user,
    () => `User ${user.name} is ${state}: ${grantsText(user.grants) || "no role"}.\n`,
  );
}
