import type { CrashHost } from "../host/crash-host.ts";

/** Where a host's state folder is, and what a crash does to it. */
export interface Disk {
  /** Puts a host there as it was prepared, everything in it durable. */
  open(options: OpenOptions): Promise<OpenDisk>;
}

export interface OpenOptions {
  /** The state folder as it was prepared; not changed. */
  readonly template: string;
  /** A folder for this disk alone, which is there. */
  readonly folder: string;
  readonly packageFolder: string;
  readonly node: string;
  /** The id of the boot that this machine is in. */
  readonly bootId: string;
}

export interface OpenDisk {
  /** The host in the boot in which it is cut off. */
  readonly host: CrashHost;
  /** The crash, at once: what is not durable is lost. */
  crash(): Promise<void>;
  /** Brings the disk up again when nothing runs any more, and gives the host as it comes up. */
  restart(): Promise<CrashHost>;
  close(): Promise<void>;
}
