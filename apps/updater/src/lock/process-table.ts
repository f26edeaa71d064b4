import { readFileSync } from "node:fs";
import type { ProcessTable } from "../ports.ts";

/** The processes that Linux knows, from `/proc`. */
export function linuxProcessTable(bootId: string): ProcessTable {
  return {
    self: () => {
      const stat = readStat(process.pid);
      if (stat === null) throw new Error("/proc is not mounted");
      return { bootId, pid: process.pid, startTicks: stat.startTicks };
    },
    isAlive: (identity) => {
      if (identity.bootId !== bootId) return false;
      const stat = readStat(identity.pid);
      return stat !== null && stat.startTicks === identity.startTicks && !"ZX".includes(stat.state);
    },
  };
}

/** A process's state and its start, in clock ticks since boot (proc_pid_stat(5), fields 3 and 22); null for none. */
export function readStat(pid: number): { readonly state: string; readonly startTicks: number } | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return null;
  }
  // Field 2 is the program's name in brackets, and may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  const startTicks = Number(fields[19]);
  return state === undefined || !Number.isSafeInteger(startTicks) ? null : { state, startTicks };
}
