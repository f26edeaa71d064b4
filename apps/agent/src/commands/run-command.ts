import { parseArgs, type ParseArgsConfig } from "node:util";
import { asMusterError, MusterError } from "@muster/core";
import { HELP } from "./help.ts";

/** What the program exits with. */
const EXIT = { done: 0, failed: 1, usage: 2 } as const;

const ROOT = { root: { type: "string" } } as const;
const DEFAULT_ROOT = "/var/lib/muster";

/** Runs one command; resolves with the exit code when the program may end. */
export async function runCommand(args: readonly string[]): Promise<number> {
  try {
    await dispatch(args);
    return EXIT.done;
  } catch (error) {
    const { code, message, help } = asMusterError(error);
    process.stderr.write(`muster-agent: ${message} [${code}]\n  ${help}\n`);
    return code === "USAGE_INVALID" ? EXIT.usage : EXIT.failed;
  }
}

async function dispatch([first, ...rest]: readonly string[]): Promise<void> {
  const isNamed = first !== undefined && !first.startsWith("-");
  const name = isNamed ? first : "run";
  const args = isNamed ? rest : [first, ...rest].filter((text) => text !== undefined);
  if (first === "--help" || first === "-h" || first === "help" || args.includes("--help")) {
    process.stdout.write(HELP);
    return;
  }
  switch (name) {
    case "run": {
      const { root } = readFlags(args, ROOT);
      const { run } = await import("./run.ts");
      return await run({ root: rootOf(root) });
    }
    case "enroll": {
      const { enroll, ENROLL_FLAGS } = await import("./enroll.ts");
      const flags = readFlags(args, { ...ROOT, ...ENROLL_FLAGS });
      return await enroll({ ...flags, root: rootOf(flags.root) });
    }
    case "status": {
      const { json = false, root } = readFlags(args, { ...ROOT, json: { type: "boolean" } } as const);
      const { status } = await import("./status.ts");
      return await status({ root: rootOf(root), json });
    }
    default:
      throw new MusterError("USAGE_INVALID", { problem: "there is no such command", command: name });
  }
}

function readFlags<const O extends NonNullable<ParseArgsConfig["options"]>>(
  args: readonly string[],
  options: O,
) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new MusterError("USAGE_INVALID", { problem }, { cause });
  }
}

function rootOf(flag: string | undefined): string {
  return flag ?? process.env["MUSTER_ROOT"] ?? DEFAULT_ROOT;
}
