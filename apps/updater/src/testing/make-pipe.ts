import { execFileSync } from "node:child_process";

/** A named pipe that nobody writes to: who opens it for reading without care waits for ever. */
export function makePipe(path: string): void {
  execFileSync("/bin/sh", ["-c", 'mkfifo "$0"', path]);
}
