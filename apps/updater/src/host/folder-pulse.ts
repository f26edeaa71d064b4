import { watch } from "node:fs";
import type { Pulse } from "../ports.ts";

/** Wakes when something changes in one of the folders; without watches only when the time is over. */
export function folderPulse(folders: readonly string[]): Pulse {
  let changed = false;
  let wake: (() => void) | null = null;
  const onChange = () => {
    changed = true;
    wake?.();
  };
  const watchers = folders.flatMap((folder) => {
    try {
      const watcher = watch(folder, onChange);
      watcher.on("error", () => watcher.close());
      return [watcher];
    } catch {
      // A limit on watches, or no such folder.
      return [];
    }
  });
  return {
    next: (timeoutMs) =>
      new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          wake = null;
          changed = false;
          resolve();
        };
        const timer = setTimeout(done, timeoutMs);
        wake = done;
        // What changed since the last time must not wait.
        if (changed) done();
      }),
    close: () => {
      for (const watcher of watchers) watcher.close();
    },
  };
}
