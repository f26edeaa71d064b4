import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from "node:fs";

/** Of each of the log's two files, about. */
export const LOG_MAX_BYTES = 1024 * 1024;

export interface RotatingLog {
  write(bytes: Uint8Array): void;
  close(): void;
}

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

/**
 * Appends to `path`, and moves it to `path.1` when it has become large. A disk that takes no more costs lines, never the
 * payload; how much was lost is in the log once it can be written again.
 */
export function openRotatingLog(path: string, maxBytes = LOG_MAX_BYTES): RotatingLog {
  let descriptor = openSync(path, FLAGS, 0o640);
  let sizeBytes = fstatSync(descriptor).size;
  let lostBytes = 0;
  const rotate = () => {
    renameSync(path, `${path}.1`);
    // The old file stays open until there is a new one.
    const fresh = openSync(path, FLAGS, 0o640);
    closeSync(descriptor);
    descriptor = fresh;
    sizeBytes = 0;
  };
  const append = (bytes: Uint8Array) => {
    if (sizeBytes > 0 && sizeBytes + bytes.byteLength > maxBytes) rotate();
    sizeBytes += writeSync(descriptor, bytes);
  };
  return {
    write: (bytes) => {
      try {
        if (lostBytes > 0) append(Buffer.from(`\nmuster: ${lostBytes} bytes of output are lost\n`));
        lostBytes = 0;
        append(bytes);
      } catch {
        lostBytes += bytes.byteLength;
      }
    },
    close: () => closeSync(descriptor),
  };
}
