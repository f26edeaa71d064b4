import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { execPath } from "node:process";
import { hostLayout, type GatewayState, type HealthReport, type HostTime, type Version } from "@muster/core";
import { decideStart } from "../boot/decide.ts";
import { nodeHostFs } from "../fs/node-host-fs.ts";
import type { Host, HostFs, PreflightResult, PreflightRun } from "../ports.ts";
import { endOfPayloadLog } from "../versions/output-tail.ts";
import { PLATFORM } from "./release-fixture.ts";

/** How a version behaves once it is started. */
export type Behaviour =
  | "healthy"
  /** Ends at once. */
  | "crashing"
  /** Runs, and never reports anything. */
  | "silent"
  /** Connects, and fails its own checks. */
  | "unhealthy";

export interface SimulatedOptions {
  readonly root: string;
  readonly packageFolder: string;
  readonly behaviours: Readonly<Record<Version, Behaviour>>;
  readonly fs?: HostFs;
  readonly bootId?: string;
  readonly pid?: number;
  readonly freeBytes?: number;
  readonly preflight?: (file: string) => Partial<PreflightResult>;
  /** What a version does when it is started, besides what its behaviour is. */
  readonly onStart?: (version: Version) => void;
  readonly gateway?: () => GatewayState;
  /** What another process before this one has started; nothing unless told. */
  readonly running?: Version;
}

export interface SimulatedHost {
  readonly host: Host;
  readonly said: readonly string[];
  /** Versions in the order in which they were started. */
  readonly starts: readonly Version[];
  readonly now: () => HostTime;
}

const START_MS = 1_000_000;

/**
 * A host whose disk is real and whose time, processes and service are not: time passes only while the updater waits, and
 * while it waits the service starts what is to run, and that does what its behaviour says.
 */
export function simulatedHost(options: SimulatedOptions): SimulatedHost {
  const { root, bootId = "boot-1", pid = 100 } = options;
  const layout = hostLayout(root);
  const said: string[] = [];
  const starts: Version[] = [];
  let nowMs = START_MS;
  let running: { readonly version: Version; readonly sinceMs: number } | null =
    options.running === undefined ? null : { version: options.running, sinceMs: START_MS - 1000 };
  const now = () => ({ bootId, monotonicMs: nowMs, wallMs: 1_700_000_000_000 + nowMs });
  const behaviour = () => (running === null ? null : (options.behaviours[running.version] ?? "healthy"));

  const start = async (): Promise<void> => {
    const decision = await decideStart(host);
    if (decision.kind === "no_version") return;
    starts.push(decision.version);
    options.onStart?.(decision.version);
    running = { version: decision.version, sinceMs: nowMs };
    if (behaviour() === "crashing") running = null;
  };
  const report = (): void => {
    const how = behaviour();
    if (running === null || how === null || how === "silent") return;
    const health: HealthReport = {
      schema: 1,
      version: running.version,
      bootId,
      pid: 200,
      writtenAtMs: nowMs,
      connectedSinceMs: running.sinceMs,
      checks: [{ name: "self", ok: how === "healthy", message: how }],
    };
    mkdirSync(layout.run, { recursive: true });
    writeFileSync(`${layout.health}.new`, JSON.stringify(health));
    renameSync(`${layout.health}.new`, layout.health);
  };

  const host: Host = {
    layout,
    packageFolder: options.packageFolder,
    platform: PLATFORM,
    nodePath: execPath,
    keepVersions: 2,
    fs: options.fs ?? withoutSync(),
    clock: { now },
    processes: {
      self: () => ({ bootId, pid, startTicks: pid }),
      isAlive: (process) => process.bootId === bootId && process.pid === pid,
    },
    service: {
      payload: () => (running === null ? { kind: "stopped" } : { kind: "running", sinceMs: running.sinceMs }),
      stop: async () => {
        running = null;
        return now();
      },
      output: () => endOfPayloadLog(layout),
    },
    probeGateway: async () => options.gateway?.() ?? "accepting",
    openPulse: () => ({
      next: async (timeoutMs) => {
        nowMs += timeoutMs;
        if (running === null) await start();
        report();
      },
      close: () => {},
    }),
    runPreflight: simulatedPreflight(options),
    freeBytes: () => options.freeBytes ?? Number.MAX_SAFE_INTEGER,
    say: (line) => said.push(line),
  };
  return { host, said, starts, now };
}

function simulatedPreflight({ preflight }: SimulatedOptions): PreflightRun {
  return async ({ file, args }) => ({
    exitCode: 0,
    problem: "",
    stdout: `${versionIn(args.length > 1 ? (args[0] ?? file) : file)}\n`,
    stderr: "",
    ...preflight?.(file),
  });
}

/** Fixtures say their version in the first line of the entrypoint: `// 1.0.0`. */
function versionIn(entrypoint: string): string {
  return /^\/\/ (\S+)/.exec(readFileSync(entrypoint, "utf8"))?.[1] ?? "";
}

function withoutSync(): HostFs {
  return {
    ...nodeHostFs,
    createFile: (path, mode, owner) => ({ ...nodeHostFs.createFile(path, mode, owner), sync: () => {} }),
    syncFolder: () => {},
  };
}
