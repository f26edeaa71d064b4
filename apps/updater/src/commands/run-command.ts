import { MusterError } from "@muster/core";
import type { ApplyEnding } from "../apply/apply.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { Host } from "../ports.ts";
import type { Program } from "../supervise/payload-process.ts";
import { parseCommand, USAGE, type Command } from "./arguments.ts";

/** What a run of the program is made of. */
export interface Run {
  /** The host at a state folder; with a unit, its payload is systemd's. */
  readonly hostAt: (root: string, unit?: string) => Host;
  /** How this program is run. */
  readonly program: Program;
  readonly print: (text: string) => void;
}

type CommandOf<K extends Command["kind"]> = Command & { readonly kind: K };
type Runner<K extends Command["kind"]> = (command: CommandOf<K>, run: Run) => Promise<ExitCode>;

// A launch is on the way between two versions of the payload: it loads nothing that only the others need.
const RUNNERS: { readonly [K in Command["kind"]]: Runner<K> } = {
  help: async (_, { print }) => {
    print(USAGE);
    return EXIT.done;
  },
  launch: async ({ root, decided }, { hostAt }) => {
    const { becomePayload, prepareDecidedLaunch, prepareLaunch } = await import("../boot/launch.ts");
    const host = hostAt(root);
    return becomePayload(decided ? prepareDecidedLaunch(host) : await prepareLaunch(host));
  },
  decide: async ({ root, unit }, { hostAt }) => {
    const { versionToStart } = await import("../boot/start-version.ts");
    const { LAUNCH_LINE } = await import("../versions/output-tail.ts");
    const host = hostAt(root, unit);
    host.say(LAUNCH_LINE);
    if ((await versionToStart(host)) === null) throw new MusterError("HOST_NO_VERSION", { root });
    return EXIT.done;
  },
  apply: async ({ root, unit }, { hostAt, print }) => {
    const { applyHandoffs } = await import("../apply/apply.ts");
    return report(await applyHandoffs(hostAt(root, unit)), print);
  },
  recover: async ({ root, unit, crashLoop }, { hostAt, print }) => {
    const { recover } = await import("../apply/apply.ts");
    const host = hostAt(root, unit);
    const ending = await recover(host);
    if (crashLoop && ending.kind === "idle") {
      const { recoverFromCrashLoop } = await import("../recover/crash-loop.ts");
      await recoverFromCrashLoop(host);
      return EXIT.done;
    }
    return report(ending, print);
  },
  supervise: async ({ root }, { hostAt, program }) => {
    const { supervise } = await import("../supervise/supervise.ts");
    await supervise({ host: hostAt(root), program, stop: stopSignal() });
    return EXIT.done;
  },
  status: async ({ root, json, unit }, { hostAt, print }) => {
    const { describeStatus, statusOf } = await import("./status.ts");
    const status = statusOf(hostAt(root, unit));
    print(json ? `${JSON.stringify(status, null, 2)}\n` : describeStatus(status));
    return EXIT.done;
  },
  forget: async ({ root, version }, { hostAt, print }) => {
    const { forget } = await import("./forget.ts");
    const forgotten = await forget(hostAt(root), version);
    print(forgotten ? `${version} may be tried again.\n` : `${version} was not remembered as bad.\n`);
    return EXIT.done;
  },
  seed: async ({ root, files }, { hostAt, print }) => {
    const { seed } = await import("./seed.ts");
    const { kind, version } = await seed(hostAt(root), files);
    print(kind === "installed" ? `${version} is installed.\n` : `The host has ${version} already.\n`);
    return EXIT.done;
  },
};

/** Runs the program with these arguments and gives its exit code. Throws `USAGE_INVALID` and the commands' codes. */
export function runCommand(args: readonly string[], run: Run): Promise<ExitCode> {
  return dispatch(parseCommand(args), run);
}

function dispatch<K extends Command["kind"]>(command: CommandOf<K>, run: Run): Promise<ExitCode> {
  const runner: Runner<K> = RUNNERS[command.kind];
  return runner(command, run);
}

function report(ending: ApplyEnding, print: (text: string) => void): ExitCode {
  switch (ending.kind) {
    case "idle":
      print("Nothing to do.\n");
      return EXIT.done;
    case "refused":
      print(`Refused: ${ending.error.code}\n`);
      return EXIT.refused;
    case "ended": {
      const { result, toVersion, survivingVersion, code, message } = ending.outcome;
      const why = code === null ? "" : `: ${code}: ${message}`;
      print(`${toVersion}: ${result}${why}; ${survivingVersion ?? "nothing"} runs.\n`);
      return { healthy: EXIT.done, failed: EXIT.failed, rolled_back: EXIT.rolledBack }[result];
    }
  }
}

function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => controller.abort());
  return controller.signal;
}
