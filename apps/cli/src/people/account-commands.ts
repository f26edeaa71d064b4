import { Command } from "@commander-js/extra-typings";
import { usage } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { formatTime } from "../terminal/format.ts";
import { reportOn } from "../terminal/report.ts";
import { facts } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { grantsText } from "./grant.ts";
import { askNewPassword } from "./password.ts";

export function whoamiCommand(terminal: Terminal) {
  return serverCommand("whoami")
    .description("show who the server takes you for, and your roles")
    .action(async (options) => {
      const client = await connect(options, terminal);
      const session = await client.session.get({ signal: terminal.signal });
      const { actor, userId, grants, expiresAt } = session;
      reportOn(terminal, options.json ?? false).result(session, () =>
        facts(terminal.stdout, [
          ["name", actor],
          ["user", userId ?? "none; a token of the server's own"],
          ["roles", grantsText(grants) || "none"],
          ["until", expiresAt === null ? "revoked" : formatTime(expiresAt)],
        ]),
      );
    });
}

/** What people do for themselves; it needs a sign-in of the last minutes. */
export function accountCommands(terminal: Terminal) {
  return new Command("account")
    .description("your own password and codes")
    .addCommand(passwordCommand(terminal))
    .addCommand(addCodesCommand(terminal))
    .addCommand(removeCodesCommand(terminal))
    .addCommand(recoveryCodesCommand(terminal));
}

function passwordCommand(terminal: Terminal) {
  return serverCommand("password")
    .description("change your password; your other sessions end")
    .action(async (options) => {
      if (!terminal.interactive) throw usage("A person has to type the passwords.");
      const client = await connect(options, terminal);
      const currentPassword = await terminal.ask("Current password: ", { secret: true });
      const newPassword = await askNewPassword(terminal);
      await client.me.changePassword({ currentPassword, newPassword });
      reportOn(terminal, options.json ?? false).result({ changed: true }, () => "Changed.\n");
    });
}

function addCodesCommand(terminal: Terminal) {
  return serverCommand("add-codes")
    .description("sign in with codes of an authenticator app besides the password")
    .action(async (options) => {
      if (!terminal.interactive) throw usage("A person has to type the first code.");
      const client = await connect(options, terminal);
      const { secret, uri } = await client.me.beginTotp();
      terminal.stderr.write(`Enter this in the authenticator app: ${secret}\n  ${uri}\n`);
      const { codes } = await client.me.confirmTotp(await terminal.ask("Code: "));
      showCodes(terminal, options, codes);
    });
}

function removeCodesCommand(terminal: Terminal) {
  return serverCommand("remove-codes")
    .description("sign in without codes again")
    .action(async (options) => {
      const client = await connect(options, terminal);
      await client.me.removeTotp();
      reportOn(terminal, options.json ?? false).result({ removed: true }, () => "No codes are asked for.\n");
    });
}

function recoveryCodesCommand(terminal: Terminal) {
  return serverCommand("recovery-codes")
    .description("make new recovery codes; the old ones are void")
    .action(async (options) => {
      const client = await connect(options, terminal);
      showCodes(terminal, options, (await client.me.renewRecoveryCodes()).codes);
    });
}

function showCodes(
  terminal: Terminal,
  { json }: { readonly json?: true | undefined },
  codes: readonly string[],
): void {
  const report = reportOn(terminal, json ?? false);
  report.remark("Recovery codes, shown only now; each signs in once in place of a code:");
  report.result({ codes }, () => `${codes.join("\n")}\n`);
}
