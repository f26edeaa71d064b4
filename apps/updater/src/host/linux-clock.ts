import { readFileSync } from "node:fs";
import { hrtime } from "node:process";
import type { HostClock } from "../ports.ts";

/** The id of this boot of the host (random(4)); containers share it with their host, as they share its clock. */
export function linuxBootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Linux's clocks: `process.hrtime` is CLOCK_MONOTONIC there, the same for all processes of a boot. */
export function linuxClock(bootId: string): HostClock {
  return {
    now: () => ({ bootId, monotonicMs: Number(hrtime.bigint() / 1_000_000n), wallMs: Date.now() }),
  };
}
