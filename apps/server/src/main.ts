import { asMusterError, MusterError } from "@muster/core";
import { parseBackupCommand, runBackupCommand } from "./backup/command.ts";
import { createLog } from "./observe/log.ts";
import { parseSettings } from "./settings/parse-settings.ts";
import { type ServerSettings, settingsHelp } from "./settings/settings.ts";
import { type RunningServer, startServer } from "./start-server.ts";

const FAILED = 1;
/** The command line or a setting is wrong: starting it again does not help. */
const MISUSED = 2;

/** What a person sees, and a script finds by the beginning of a line. */
function announce(server: RunningServer, { gateway, dataFolder, quiet }: ServerSettings): void {
  const lines = [
    ...(server.adminToken === null
      ? []
      : [
          `Administrator token: ${server.adminToken}`,
          "  It is shown only now. --new-admin-token makes another.",
          "",
        ]),
    ...(quiet
      ? []
      : [
          `Data folder: ${dataFolder}`,
          `API and pages: ${server.url}`,
          `Gateway: ${gateway.host}:${server.gatewayPort}`,
        ]),
    "Ready",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

async function serve(settings: ServerSettings): Promise<void> {
  const log = createLog({ quiet: settings.quiet });
  const server = await startServer(settings, log);
  let isStopping = false;
  const stop = (signal: NodeJS.Signals) => {
    // Whoever asks twice does not want to wait; a kill loses nothing either.
    if (isStopping) process.exit(FAILED);
    isStopping = true;
    log.info({ signal }, "stops");
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, "could not stop in good order");
        process.exit(FAILED);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  const die = (error: unknown) => {
    log.fatal({ err: error }, "ends because of an error that nobody expected");
    process.exit(FAILED);
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  announce(server, settings);
}

function complain(thrown: unknown): void {
  const error = asMusterError(thrown);
  process.stderr.write(`muster server: ${error.message} [${error.code}]\n  ${error.help}\n`);
  if (!(thrown instanceof MusterError))
    process.stderr.write(`${thrown instanceof Error ? thrown.stack : ""}\n`);
  process.exitCode = ["USAGE_INVALID", "SERVER_CONFIG_INVALID"].includes(error.code) ? MISUSED : FAILED;
}

// Whatever this process writes is for its owner only.
process.umask(0o077);
try {
  const args = process.argv.slice(2);
  const backupCommand = parseBackupCommand(args, process.env);
  if (backupCommand !== null) {
    const { output, warnings } = await runBackupCommand(backupCommand);
    process.stdout.write(output);
    process.stderr.write(warnings);
  } else {
    const command = parseSettings(args, process.env);
    if (command.kind === "help") process.stdout.write(settingsHelp());
    else await serve(command.settings);
  }
} catch (error) {
  complain(error);
}
