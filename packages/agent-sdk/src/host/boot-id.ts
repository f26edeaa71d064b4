import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { asMusterError } from "@muster/core";
import { errnoOf } from "./files.ts";

const LINUX_BOOT_ID = "/proc/sys/kernel/random/boot_id";

/**
 * What changes at every boot of this host. Where the kernel has no id of its own, the time of the boot stands for it,
 * in minutes: a clock that is set a little does not look like a boot.
 */
export function readBootId(clock: { now(): number; monotonicMs(): number }): string {
  try {
    return readFileSync(LINUX_BOOT_ID, "utf8").trim();
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw asMusterError(error, "FILE_NOT_READABLE");
    const bootedAtMinute = Math.round((clock.now() - clock.monotonicMs()) / 60_000);
    return `${hostname().slice(0, 40)}-${bootedAtMinute}`;
  }
}
