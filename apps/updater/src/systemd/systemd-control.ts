import { setTimeout as sleep } from "node:timers/promises";
import { MusterError } from "@muster/core";
import { readStat } from "../lock/process-table.ts";
import type { HostClock, ProcessTable, ServiceControl } from "../ports.ts";
import { parseUnitState, SHOW_STATE, type UnitState } from "./unit-state.ts";

/** The unit stops within its `TimeoutStopSec`; this is longer. */
const STOP_PATIENCE_MS = 30_000;
const CHECK_MS = 10;
/** Clock ticks are hundredths of a second wherever Linux runs Node. */
const MS_PER_TICK = 10;
/** Lines of the journal that are looked at for what the payload printed. */
const OUTPUT_LINES = 2000;

/** Runs a command to its end; the exit code is null if it could not be run, or not to its end. */
export type RunCommand = (
  file: string,
  args: readonly string[],
) => { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

export interface SystemdService {
  readonly unit: string;
  readonly clock: HostClock;
  readonly processes: ProcessTable;
  readonly bootId: string;
  readonly run: RunCommand;
}

/** The payload under systemd, in a unit with `Restart=`. */
export function systemdControl({ unit, clock, processes, bootId, run }: SystemdService): ServiceControl {
  const state = (): UnitState => parseUnitState(run("systemctl", [...SHOW_STATE, unit]).stdout);
  const systemctl = (...args: readonly string[]) => {
    const { exitCode, stderr } = run("systemctl", [...args, unit]);
    if (exitCode !== 0)
      throw new MusterError("HOST_SERVICE_FAILED", {
        unit,
        command: `systemctl ${args[0] ?? ""}`,
        problem: stderr.trim() || `ended with ${exitCode ?? "no exit code"}`,
      });
  };
  return {
    payload: () => {
      const { active, mainPid } = state();
      if (active === "") return { kind: "unknown" };
      const stat = mainPid === 0 ? null : readStat(mainPid);
      return stat === null
        ? { kind: "stopped" }
        : { kind: "running", sinceMs: stat.startTicks * MS_PER_TICK };
    },
    stop: async () => {
      const { active, mainPid } = state();
      // Somebody has stopped it, and systemd starts it when they say so.
      if (active === "inactive") return null;
      const stat = mainPid === 0 ? null : readStat(mainPid);
      // Starts that were made on purpose are not held against the unit.
      systemctl("reset-failed");
      // A job of systemd's own: also if this process ends now, the service is started again.
      systemctl("restart", "--no-block");
      if (stat === null) return null;
      await gone({ bootId, pid: mainPid, startTicks: stat.startTicks });
      run("journalctl", ["--sync"]);
      return clock.now();
    },
    output: () =>
      run("journalctl", ["--unit", unit, "--output=cat", "--no-pager", `--lines=${OUTPUT_LINES}`]).stdout,
  };

  async function gone(process: Parameters<ProcessTable["isAlive"]>[0]): Promise<void> {
    const until = clock.now().monotonicMs + STOP_PATIENCE_MS;
    while (processes.isAlive(process)) {
      if (clock.now().monotonicMs > until)
        throw new MusterError("HOST_SERVICE_FAILED", { unit, problem: "its process does not end" });
      await sleep(CHECK_MS);
    }
  }
}
