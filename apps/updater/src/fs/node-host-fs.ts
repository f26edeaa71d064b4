import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lchownSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { MusterError } from "@muster/core";
import type { HostFs, NewFile } from "../ports.ts";

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** The disk itself. */
export const nodeHostFs: HostFs = {
  createFile: (path, mode, owner) => {
    const descriptor = step("create", path, () => openSync(path, CREATE, mode));
    if (owner) step("chown", path, () => fchownSync(descriptor, owner.uid, owner.gid));
    // The mode of open(2) is cut by the umask.
    step("chmod", path, () => fchmodSync(descriptor, mode));
    return newFile(descriptor, path);
  },
  createFolder: (path, mode, owner) => {
    step("mkdir", path, () => mkdirSync(path, mode));
    if (owner) step("chown", path, () => lchownSync(path, owner.uid, owner.gid));
    step("chmod", path, () => chmodSync(path, mode));
  },
  createLink: (target, path) => step("symlink", path, () => symlinkSync(target, path)),
  rename: (from, to) => step("rename", to, () => renameSync(from, to)),
  removeFile: (path) => step("unlink", path, () => unlinkSync(path)),
  removeFolder: (path) => step("rmdir", path, () => rmdirSync(path)),
  syncFolder: (path) =>
    step("fsync", path, () => {
      const descriptor = openSync(path, OPEN_FOLDER);
      try {
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    }),
};

function newFile(descriptor: number, path: string): NewFile {
  return {
    write: (bytes) =>
      step("write", path, () => {
        // write(2) may take less than it was given.
        for (let offset = 0; offset < bytes.byteLength; ) offset += writeSync(descriptor, bytes, offset);
      }),
    sync: () => step("fsync", path, () => fsyncSync(descriptor)),
    close: () => step("close", path, () => closeSync(descriptor)),
  };
}

/** The `errno` name of a failed step, e.g. `ENOENT`; null for any other error. */
export function errnoOf(error: unknown): string | null {
  if (error instanceof MusterError && typeof error.details["errno"] === "string")
    return error.details["errno"];
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}

function step<T>(operation: string, path: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    const errno = errnoOf(cause) ?? "unknown";
    const code = errno === "ENOSPC" || errno === "EDQUOT" ? "DISK_SHORT" : "HOST_FILE_FAILED";
    throw new MusterError(code, { operation, path, errno }, { cause });
  }
}
