import type { GatewayState, HostLayout, HostTime, PayloadProcess, Platform } from "@muster/core";

/** A file that is being written for the first time. */
export interface NewFile {
  readonly write: (bytes: Uint8Array) => void;
  /** Returns when what was written would survive a power cut. */
  readonly sync: () => void;
  readonly close: () => void;
}

/** Whose a new file is; the process's own if left out. Only root can give one away. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Every change the updater makes on a disk, one step each, so that a test can cut the power between any two. Steps are
 * carried out in order, before they return, and follow no link in the last part of a path. They throw
 * `HOST_FILE_FAILED`, whose details name the operation, the path and the `errno`, or `DISK_SHORT`.
 */
export interface HostFs {
  /** A file that must not be there yet, with exactly this mode. */
  readonly createFile: (path: string, mode: number, owner?: Owner) => NewFile;
  /** A folder that must not be there yet, with exactly this mode. */
  readonly createFolder: (path: string, mode: number, owner?: Owner) => void;
  readonly createLink: (target: string, path: string) => void;
  /** Replaces what is at `to`, in one step; a folder only if it is empty. */
  readonly rename: (from: string, to: string) => void;
  /** Removes a file or a link. */
  readonly removeFile: (path: string) => void;
  /** Removes an empty folder. */
  readonly removeFolder: (path: string) => void;
  /** Returns when the folder's entries, as they are, would survive a power cut. */
  readonly syncFolder: (path: string) => void;
}

export interface HostClock {
  now(): HostTime;
}

/** What tells one process of one boot from all others. */
export interface ProcessIdentity {
  readonly bootId: string;
  readonly pid: number;
  /** Clock ticks from boot to the start of the process. */
  readonly startTicks: number;
}

/** The processes of this host that are still running. */
export interface ProcessTable {
  self(): ProcessIdentity;
  /** False for one that ended, also if its parent has not collected it, or if another has its pid now. */
  isAlive(process: ProcessIdentity): boolean;
}

/** The service that keeps the payload running. */
export interface ServiceControl {
  payload(): PayloadProcess;
  /**
   * Ends the payload, by force after a grace, and returns when it is gone and what it printed can be read: when that was,
   * or null if none ran. Whoever keeps the service running starts it again. Throws `HOST_SERVICE_FAILED`.
   */
  stop(): Promise<HostTime | null>;
  /** The end of what the payload printed of late, with `LAUNCH_LINE` before each of its processes. */
  output(): string;
}

/** A gateway that can be asked whether it accepts agents, and the CA that vouches for it. */
export interface GatewayAddress {
  /** `host:port`. */
  readonly address: string;
  /** PEM. */
  readonly ca: string;
}

/** Asks a gateway; never throws, never takes more than a few seconds. */
export type GatewayProbe = (gateway: GatewayAddress) => Promise<GatewayState>;

/** Something has changed in the agent's folders, or the time is over. */
export interface Pulse {
  next(timeoutMs: number): Promise<void>;
  close(): void;
}

/** Runs a version just far enough that it says who it is; see `preflight`. */
export type PreflightRun = (command: PreflightCommand) => Promise<PreflightResult>;

export interface PreflightCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly folder: string;
}

export interface PreflightResult {
  /** Null: it did not end in time, or by a signal. */
  readonly exitCode: number | null;
  /** Why there is no exit code, or empty. */
  readonly problem: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** One line for the operator. */
export type Say = (line: string) => void;

/** Everything the updater works with. */
export interface Host {
  readonly layout: HostLayout;
  /** The folder of the running program; the trust anchor is read from nowhere else. */
  readonly packageFolder: string;
  readonly platform: Platform;
  /** The Node that runs this program, and payloads written for Node. */
  readonly nodePath: string;
  /** Old versions that are kept besides the one that runs. */
  readonly keepVersions: number;
  readonly fs: HostFs;
  readonly clock: HostClock;
  readonly processes: ProcessTable;
  readonly service: ServiceControl;
  readonly probeGateway: GatewayProbe;
  readonly openPulse: () => Pulse;
  readonly runPreflight: PreflightRun;
  /** Bytes that are free for the updater on the volume of a folder. */
  readonly freeBytes: (folder: string) => number;
  readonly say: Say;
}
