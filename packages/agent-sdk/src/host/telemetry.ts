import { statfs } from "node:fs/promises";
import { cpus, freemem, totalmem, uptime } from "node:os";
import type { HeartbeatReport } from "@muster/protocol/agent";

export type TelemetryReading = Omit<HeartbeatReport, "sentAt" | "policy">;

/** Reads how the host is doing. */
export type ReadTelemetry = () => Promise<TelemetryReading>;

interface CpuTime {
  readonly busy: number;
  readonly total: number;
}

/** Telemetry of this host; the processors' share is since the reading before. `folder` is on the volume that counts. */
export function createTelemetry(folder: string): ReadTelemetry {
  let before = cpuTime();
  return async () => {
    const now = cpuTime();
    const cpu = cpuShare(before, now);
    before = now;
    const { bsize, blocks, bavail } = await statfs(folder);
    return {
      cpu,
      memoryUsed: totalmem() - freemem(),
      memoryTotal: totalmem(),
      diskFree: bavail * bsize,
      diskTotal: blocks * bsize,
      uptime: Math.floor(uptime()),
    };
  };
}

/** Bytes that the agent may still write on the volume of a folder. */
export async function freeBytes(folder: string): Promise<number> {
  const { bsize, bavail } = await statfs(folder);
  return bavail * bsize;
}

function cpuTime(): CpuTime {
  const totals = { busy: 0, total: 0 };
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.idle + times.irq;
    totals.total += all;
    totals.busy += all - times.idle;
  }
  return totals;
}

/** From 0 to 1, also when a counter was set back. */
export function cpuShare(before: CpuTime, now: CpuTime): number {
  const total = now.total - before.total;
  if (total <= 0) return 0;
  return Math.min(1, Math.max(0, (now.busy - before.busy) / total));
}
