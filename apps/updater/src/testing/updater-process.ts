import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { execPath } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { hostLayout, outcomeDecoder, outcomeFile, parse, type HostLayout, type Outcome } from "@muster/core";
import { statusOf, type Status } from "../commands/status.ts";
import { readSmallText } from "../fs/reading.ts";
import { nodeHost } from "../host/node-host.ts";
import { writeAssets, type FixtureRelease } from "./release-fixture.ts";

const BUNDLE = fileURLToPath(new URL("../../../../scripts/bundle-host.ts", import.meta.url));
const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const GIVE_UP_MS = 30_000;
const LOOK_EVERY_MS = 20;

/** The program as it ships, in a package folder of its own. */
export interface UpdaterPackage {
  readonly folder: string;
  readonly program: string;
  remove(): void;
}

/** What a run of the program came to. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Builds the program and puts it, a trust anchor and perhaps a seed where a package would. */
export function buildPackage(anchor: Uint8Array, seed?: FixtureRelease): UpdaterPackage {
  const folder = mkdtempSync(`${tmpdir()}/updater-package-`);
  const program = `${folder}/muster-updater.mjs`;
  bundle(MAIN, program);
  writeFileSync(`${folder}/trust-anchor.json`, anchor);
  if (seed !== undefined) writeAssets(`${folder}/seed`, seed);
  return { folder, program, remove: () => rmSync(folder, { recursive: true }) };
}

/** Bundles a program of the tests like the one that ships, so that it starts as fast. */
export function bundle(entry: string, outfile: string): void {
  execFileSync(execPath, [BUNDLE, entry, outfile]);
}

/** One host's state folder and the processes that work on it. */
export interface TestHost {
  readonly layout: HostLayout;
  /** Starts the supervisor. */
  supervise(output?: "ignore" | "pipe"): ChildProcess;
  /** Runs a command to its end. */
  run(...args: readonly string[]): Promise<Ended>;
  /** What `status` tells. */
  status(): Status;
  outcome(targetId: string): Promise<Outcome>;
  /** The process of the payload that a version was started as. */
  started(
    version: string,
  ): Promise<{ readonly pid: number; readonly cwd: string } & Readonly<Record<string, unknown>>>;
  /** Ends everything that was started here, and removes the folder. */
  end(): Promise<void>;
}

export function createTestHost({ program, folder }: UpdaterPackage): TestHost {
  const root = mkdtempSync(`${tmpdir()}/updater-root-`);
  const layout = hostLayout(root);
  const children = new Set<ChildProcess>();
  const start = (args: readonly string[], stdio: "ignore" | "pipe"): ChildProcess => {
    const child = spawn(execPath, [program, ...args, "--root", root], { stdio: ["ignore", stdio, stdio] });
    children.add(child);
    child.on("exit", () => children.delete(child));
    return child;
  };
  const run = async (...args: readonly string[]): Promise<Ended> => endOf(start(args, "pipe"));
  return {
    layout,
    supervise: (output = "ignore") => start(["supervise"], output),
    run,
    status: () => statusOf(nodeHost({ root, packageFolder: folder, say: () => {} })),
    outcome: (targetId) => eventually(`an outcome of ${targetId}`, () => readOutcomeFile(layout, targetId)),
    started: (version) =>
      eventually(`a start of ${version}`, () => {
        const text = readSmallText(`${layout.run}/started.json`, { maxBytes: 65_536 });
        const started =
          text === null || text === ""
            ? null
            : (JSON.parse(text) as { pid: number; cwd: string; MUSTER_VERSION: string });
        return started?.MUSTER_VERSION === version && isRunning(started.pid) ? started : null;
      }),
    end: async () => {
      await Promise.all([...children].map(endChild));
      rmSync(root, { recursive: true });
    },
  };
}

/** Waits until something is there. */
export async function eventually<T>(what: string, look: () => T | null | Promise<T | null>): Promise<T> {
  const until = Date.now() + GIVE_UP_MS;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > until) throw new Error(`waited for ${what} in vain`);
    await sleep(LOOK_EVERY_MS);
  }
}

export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Everything a child printed, and how it ended. */
export async function endOf(child: ChildProcess): Promise<Ended> {
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (piece: Buffer) => (output += piece.toString()));
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal, output };
}

function readOutcomeFile(layout: HostLayout, targetId: string): Outcome | null {
  const text = readSmallText(outcomeFile(layout, targetId), { maxBytes: 1_000_000 });
  return text === null ? null : parse.decodeJson(outcomeDecoder, text, "OUTCOME_INVALID");
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await Promise.race([ended, sleep(15_000).then(() => child.kill("SIGKILL"))]);
  await ended;
}
