import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { MusterError } from "@muster/core";

/** What a process has used so far, as the kernel counts it. */
export interface ProcessUsage {
  readonly residentBytes: number;
  /** Memory that no other process shares: what would be free if it ended. */
  readonly privateBytes: number;
  readonly cpuSeconds: number;
  /** What it made the system write to disks. */
  readonly writtenBytes: number;
}

/** The kernel's clock ticks a second, the same on every Linux that Node runs on (`USER_HZ`). */
const TICKS_PER_SECOND = 100;
const SAMPLE_MS = 1000;
const SAMPLES = 5;
/** How much the samples may differ for the memory to count as settled. */
const STEADY = 0.01;

/** Reads /proc; `FILE_NOT_READABLE` where there is none, or the process is gone. */
export async function readUsage(pid: number): Promise<ProcessUsage> {
  const read = async (name: string) => {
    const file = `/proc/${pid}/${name}`;
    try {
      return await readFile(file, "utf8");
    } catch (cause) {
      throw new MusterError("FILE_NOT_READABLE", { file }, { cause });
    }
  };
  const [memory, stat, io] = await Promise.all([read("smaps_rollup"), read("stat"), read("io")]);
  return {
    residentBytes: kilobytes(memory, "Rss"),
    privateBytes: kilobytes(memory, "Private_Clean") + kilobytes(memory, "Private_Dirty"),
    cpuSeconds: cpuSeconds(stat),
    writtenBytes: Number(/^write_bytes: (\d+)$/m.exec(io)?.[1]),
  };
}

function kilobytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]) * 1024;
}

/** proc(5): user and system time are the 14th and 15th field; the 2nd, in brackets, may hold spaces. */
export function cpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Waits until the process's memory stands still, at most `patienceMs`, and reads it then. */
export async function settledUsage(pid: number, patienceMs = 30_000): Promise<ProcessUsage> {
  const giveUpAt = performance.now() + patienceMs;
  const sizes: number[] = [];
  for (;;) {
    const usage = await readUsage(pid);
    sizes.push(usage.privateBytes);
    const last = sizes.slice(-SAMPLES);
    const isSteady = last.length === SAMPLES && Math.max(...last) <= Math.min(...last) * (1 + STEADY);
    if (isSteady || performance.now() >= giveUpAt) return usage;
    await sleep(SAMPLE_MS);
  }
}

/** The most memory that no other process shares, from now until the work is done, in bytes. */
export async function mostPrivateBytes(pid: number, work: Promise<unknown>): Promise<number> {
  const isDone = work.then(() => true);
  let most = 0;
  do most = Math.max(most, (await readUsage(pid)).privateBytes);
  while (!(await Promise.race([isDone, sleep(SAMPLE_MS, false)])));
  return most;
}
