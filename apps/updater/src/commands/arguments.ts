import { parseArgs } from "node:util";
import { asMusterError, isVersion, MusterError, type Version } from "@muster/core";

const DEFAULT_ROOT = "/var/lib/muster";

/** What the program was asked to do. */
export type Command =
  | { readonly kind: "launch"; readonly root: string; readonly decided: boolean }
  | { readonly kind: "supervise"; readonly root: string }
  | { readonly kind: "decide" | "apply"; readonly root: string; readonly unit?: string }
  | { readonly kind: "recover"; readonly root: string; readonly crashLoop: boolean; readonly unit?: string }
  | { readonly kind: "status"; readonly root: string; readonly json: boolean; readonly unit?: string }
  | { readonly kind: "forget"; readonly root: string; readonly version: Version }
  | { readonly kind: "seed"; readonly root: string; readonly files: readonly string[] }
  | { readonly kind: "help" };

export const USAGE = `Usage: muster-updater <command> [--root <folder>]

  launch [--decided]      decide what is to run, unless \`decide\` just has, then become it
  decide                  decide what is to run and bring the host there, for a unit's ExecStartPre=
  apply                   take the handoff in staging/ through to its outcome
  recover [--crash-loop]  bring the host to rest after any interruption; with --crash-loop, leave a version that ends
                          again and again for the one before it
  supervise               keep the payload running and apply handoffs, without systemd
  status [--json]         what runs, what is under way, what is kept
  forget <version>        let a version that was rolled back here be tried again
  seed <folder>           install the first version from a folder with a release's files,
  seed <archive> <manifest> <signatures>         or from three files

  --root <folder>         the state folder (${DEFAULT_ROOT})
  --service <unit>        the systemd unit that runs the payload, if systemd does (decide, apply, recover, status)

Exit codes: 0 done or nothing to do, 1 unexpected, 2 usage, 3 failed before anything was switched, 4 rolled back,
            5 another updater is at work, 6 no version can be started, 7 the handoff cannot be read
`;

/** The commands that take an option. */
const BELONGS_TO: Readonly<Record<string, readonly string[]>> = {
  json: ["status"],
  decided: ["launch"],
  "crash-loop": ["recover"],
  service: ["decide", "apply", "recover", "status"],
};

/** Reads the command line; `USAGE_INVALID`. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parsed(args);
  const [kind, ...rest] = positionals;
  if (values.help === true || kind === undefined || kind === "help") return { kind: "help" };
  const root = absolute(values.root ?? DEFAULT_ROOT);
  for (const [name, kinds] of Object.entries(BELONGS_TO)) {
    if (Object.hasOwn(values, name) && !kinds.includes(kind))
      throw usage(`--${name} does not go with ${kind}`);
  }
  const unit = values.service === undefined ? {} : { unit: unitName(values.service) };
  switch (kind) {
    case "launch":
      return { kind, root, decided: values.decided ?? false, ...none(rest) };
    case "supervise":
      return { kind, root, ...none(rest) };
    case "decide":
    case "apply":
      return { kind, root, ...unit, ...none(rest) };
    case "recover":
      return { kind, root, crashLoop: values["crash-loop"] ?? false, ...unit, ...none(rest) };
    case "status":
      return { kind, root, json: values.json ?? false, ...unit, ...none(rest) };
    case "forget": {
      const [version, ...more] = rest;
      if (version === undefined || !isVersion(version) || more.length > 0)
        throw usage("forget takes one version");
      return { kind, root, version };
    }
    case "seed":
      if (rest.length !== 1 && rest.length !== 3) throw usage("seed takes a folder, or three files");
      return { kind, root, files: rest };
    default:
      throw usage(`there is no command ${kind}`);
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        root: { type: "string" },
        service: { type: "string" },
        decided: { type: "boolean" },
        "crash-loop": { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw asMusterError(error, "USAGE_INVALID");
  }
}

/** The payload is started in another folder: a relative path would mean something else there. */
function absolute(root: string): string {
  if (!root.startsWith("/")) throw usage("--root must be an absolute path");
  return root.length > 1 && root.endsWith("/") ? root.slice(0, -1) : root;
}

function unitName(text: string): string {
  if (!/^[A-Za-z0-9:_.@\\-]{1,248}\.service$/.test(text) || text.startsWith("-"))
    throw usage("--service takes the name of a unit, like muster-agent.service");
  return text;
}

function none(rest: readonly string[]): Record<string, never> {
  if (rest.length > 0) throw usage(`${rest[0] ?? ""} is one too many`);
  return {};
}

function usage(problem: string): MusterError {
  return new MusterError("USAGE_INVALID", { problem });
}
