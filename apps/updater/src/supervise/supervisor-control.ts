import { setTimeout as sleep } from "node:timers/promises";
import { MusterError, type HostLayout } from "@muster/core";
import type { HostClock, ProcessTable, ServiceControl } from "../ports.ts";
import { endOfPayloadLog } from "../versions/output-tail.ts";
import { readPayloadRecord, type PayloadRecord } from "./payload-record.ts";

/** How long a payload may take to end by itself before it is ended. */
export const STOP_GRACE_MS = 10_000;
/** How long its last words may take from the pipe to the log. */
const DRAIN_MS = 500;
const CHECK_MS = 10;

export interface SupervisedService {
  readonly layout: HostLayout;
  readonly clock: HostClock;
  readonly processes: ProcessTable;
  /** How long a payload may take to end by itself, in milliseconds; ten seconds unless told. */
  readonly graceMs?: number;
}

/** The payload under Muster's own supervisor, which starts it again whenever it ends. */
export function supervisorControl({
  layout,
  clock,
  processes,
  graceMs = STOP_GRACE_MS,
}: SupervisedService): ServiceControl {
  const running = (): PayloadRecord | null => {
    const record = recordOrNull(layout);
    return record !== null && processes.isAlive(record) ? record : null;
  };
  const gone = async (record: PayloadRecord, withinMs: number): Promise<boolean> => {
    const until = clock.now().monotonicMs + withinMs;
    while (processes.isAlive(record)) {
      if (clock.now().monotonicMs > until) return false;
      await sleep(CHECK_MS);
    }
    return true;
  };
  return {
    payload: () => {
      const record = recordOrNull(layout);
      if (record === null) return { kind: "unknown" };
      return processes.isAlive(record)
        ? { kind: "running", sinceMs: record.startedAtMs }
        : { kind: "stopped" };
    },
    stop: async () => {
      const record = running();
      if (record === null) return null;
      signal(record.pid, "SIGTERM");
      if (!(await gone(record, graceMs))) {
        // The whole group: what the payload started must not outlive it either.
        signal(-record.pid, "SIGKILL");
        await gone(record, STOP_GRACE_MS);
      }
      const endedAt = clock.now();
      await logged(layout, record, clock);
      return endedAt;
    },
    output: () => endOfPayloadLog(layout),
  };
}

/** The supervisor writes the next process down when it has read the last one's output to the end. */
async function logged(layout: HostLayout, ended: PayloadRecord, clock: HostClock): Promise<void> {
  const until = clock.now().monotonicMs + DRAIN_MS;
  while (recordOrNull(layout)?.pid === ended.pid && clock.now().monotonicMs < until) await sleep(CHECK_MS);
}

function recordOrNull(layout: HostLayout): PayloadRecord | null {
  try {
    return readPayloadRecord(layout);
  } catch (error) {
    if (error instanceof MusterError) return null;
    throw error;
  }
}

function signal(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It ended by itself meanwhile.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
