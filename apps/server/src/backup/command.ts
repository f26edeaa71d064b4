import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { MusterError } from "@muster/core";
import { createSystemClock } from "@muster/fleet";
import packageJson from "../../package.json" with { type: "json" };
import { backUp } from "./back-up.ts";
import { restore } from "./restore.ts";

/** What a command line asks for that is not to serve. */
export type BackupCommand =
  | { readonly kind: "backup"; readonly dataFolder: string; readonly to: string }
  | {
      readonly kind: "restore";
      readonly dataFolder: string;
      readonly from: string;
      readonly replace: boolean;
    }
  | { readonly kind: "help"; readonly text: string };

const BACKUP_HELP = `Copies everything a stopped server keeps into a folder, and checks the copy.

Usage: muster server backup --data DIR --to FOLDER

  --data DIR     the data folder (MUSTER_DATA, ./muster-data)
  --to FOLDER    empty, or made; for its owner only: the server's keys are in it
`;
const RESTORE_HELP = `Makes a data folder from a backup, every file of which is checked before anything changes.

Usage: muster server restore --from FOLDER --data DIR [--replace]

  --from FOLDER  what \`muster server backup\` has written
  --data DIR     the data folder to make (MUSTER_DATA, ./muster-data)
  --replace      move a data folder that is there aside, to DIR.before-restore-TIME
`;
const OPTIONS = {
  data: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** The command, or null if the first argument names none of these. Throws `USAGE_INVALID`. */
export function parseBackupCommand(
  [name, ...args]: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): BackupCommand | null {
  if (name !== "backup" && name !== "restore") return null;
  const dataFolder = (data: string | undefined) => resolve(data ?? (env["MUSTER_DATA"] || "muster-data"));
  return usage(() => {
    if (name === "backup") {
      const { values } = parseArgs({ args, options: { ...OPTIONS, to: { type: "string" } } });
      if (values.help) return { kind: "help", text: BACKUP_HELP };
      return { kind: "backup", dataFolder: dataFolder(values.data), to: required("--to", values.to) };
    }
    const options = { ...OPTIONS, from: { type: "string" }, replace: { type: "boolean" } } as const;
    const { values } = parseArgs({ args, options });
    if (values.help) return { kind: "help", text: RESTORE_HELP };
    const from = required("--from", values.from);
    return { kind: "restore", dataFolder: dataFolder(values.data), from, replace: values.replace === true };
  });
}

/** Does it, and answers what to print: results, and warnings for stderr. */
export async function runBackupCommand(
  command: BackupCommand,
): Promise<{ readonly output: string; readonly warnings: string }> {
  const clock = createSystemClock();
  if (command.kind === "help") return { output: command.text, warnings: "" };
  if (command.kind === "backup") {
    const { index, damaged } = await backUp({ ...command, musterVersion: packageJson.version, clock });
    const left = damaged.map((path) => `Left out, because it is damaged: ${path}\n`).join("");
    return { output: `Backed up ${index.files.length} files to ${command.to}\n`, warnings: left };
  }
  const { index, movedTo } = await restore({ ...command, clock });
  const lines = [
    `Restored ${index.files.length} files to ${command.dataFolder}, as they were at ${index.createdAt}`,
    ...(movedTo === null ? [] : [`What was there is in ${movedTo}`]),
  ];
  return { output: `${lines.join("\n")}\n`, warnings: "" };
}

function required(flag: string, value: string | undefined): string {
  if (value === undefined || value === "") throw new Error(`${flag} is missing`);
  return resolve(value);
}

function usage<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new MusterError("USAGE_INVALID", { problem }, { cause });
  }
}
