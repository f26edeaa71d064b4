import { statfsSync } from "node:fs";
import { arch, execPath, platform } from "node:process";
import { hostLayout, MusterError, platformOfNode } from "@muster/core";
import { nodeHostFs } from "../fs/node-host-fs.ts";
import { linuxProcessTable } from "../lock/process-table.ts";
import { probeGateway } from "../gateway/probe-gateway.ts";
import type { Host, HostFs } from "../ports.ts";
import { supervisorControl } from "../supervise/supervisor-control.ts";
import { runSystemCommand } from "../systemd/run-command.ts";
import { systemdControl } from "../systemd/systemd-control.ts";
import { folderPulse } from "./folder-pulse.ts";
import { linuxBootId, linuxClock } from "./linux-clock.ts";
import { preflightRun } from "./preflight-run.ts";

/** H9: how many old versions are kept. */
const KEEP_VERSIONS = 2;

export interface NodeHostOptions {
  readonly root: string;
  readonly packageFolder: string;
  readonly say: (line: string) => void;
  /** The systemd unit that runs the payload; absent: Muster's own supervisor does. */
  readonly unit?: string | undefined;
  readonly fs?: HostFs;
}

/** The host this program runs on. `UPDATE_PLATFORM_MISMATCH` on anything but Linux. */
export function nodeHost({ root, packageFolder, say, unit, fs = nodeHostFs }: NodeHostOptions): Host {
  if (platform !== "linux")
    throw new MusterError("UPDATE_PLATFORM_MISMATCH", { os: platform, needed: "linux" });
  const layout = hostLayout(root);
  const bootId = linuxBootId();
  const clock = linuxClock(bootId);
  const processes = linuxProcessTable(bootId);
  return {
    layout,
    packageFolder,
    platform: platformOfNode(platform, arch),
    nodePath: execPath,
    keepVersions: KEEP_VERSIONS,
    fs,
    clock,
    processes,
    service:
      unit === undefined
        ? supervisorControl({ layout, clock, processes })
        : systemdControl({ unit, clock, processes, bootId, run: runSystemCommand }),
    probeGateway,
    openPulse: () => folderPulse([layout.run, layout.staging]),
    runPreflight: preflightRun(layout.run),
    freeBytes: (folder) => {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    },
    say,
  };
}
