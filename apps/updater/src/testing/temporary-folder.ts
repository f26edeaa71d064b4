import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { onTestFinished } from "vitest";

/** A folder for one test, in memory where there is such a place. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(`${existsSync("/dev/shm") ? "/dev/shm" : tmpdir()}/updater-`);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
