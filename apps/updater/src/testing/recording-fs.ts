import { closeSync, openSync, writeSync } from "node:fs";
import { nodeHostFs } from "../fs/node-host-fs.ts";
import type { HostFs } from "../ports.ts";

/** One step of `HostFs`, paths as they were given. Files are told apart by number, names change. */
export type Operation =
  | { readonly kind: "create"; readonly path: string; readonly mode: number; readonly file: number }
  | { readonly kind: "write"; readonly file: number; readonly bytes: Uint8Array }
  | { readonly kind: "sync"; readonly file: number }
  | { readonly kind: "folder"; readonly path: string; readonly mode: number }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "remove_file" | "remove_folder" | "sync_folder"; readonly path: string };

export interface RecordingFs {
  readonly fs: HostFs;
  readonly operations: readonly Operation[];
}

/** A disk that does what it is told and remembers it, but never waits for the platter. */
export function recordingFs(): RecordingFs {
  const operations: Operation[] = [];
  let files = 0;
  const fs: HostFs = {
    createFile: (path, mode) => {
      nodeHostFs.createFile(path, mode).close();
      const descriptor = openSync(path, "a");
      files += 1;
      const file = files;
      operations.push({ kind: "create", path, mode, file });
      return {
        write: (bytes) => {
          writeSync(descriptor, bytes);
          operations.push({ kind: "write", file, bytes: bytes.slice() });
        },
        sync: () => void operations.push({ kind: "sync", file }),
        close: () => closeSync(descriptor),
      };
    },
    createFolder: (path, mode) => {
      nodeHostFs.createFolder(path, mode);
      operations.push({ kind: "folder", path, mode });
    },
    createLink: (target, path) => {
      nodeHostFs.createLink(target, path);
      operations.push({ kind: "link", path, target });
    },
    rename: (from, to) => {
      nodeHostFs.rename(from, to);
      operations.push({ kind: "rename", from, to });
    },
    removeFile: (path) => {
      nodeHostFs.removeFile(path);
      operations.push({ kind: "remove_file", path });
    },
    removeFolder: (path) => {
      nodeHostFs.removeFolder(path);
      operations.push({ kind: "remove_folder", path });
    },
    syncFolder: (path) => void operations.push({ kind: "sync_folder", path }),
  };
  return { fs, operations };
}
