import { getBuiltinModule } from "node:process";

/**
 * Node's module for processes, loaded when it is first needed: a bundle loads what it imports when it starts, and a
 * launch, which stands between two versions of the payload, starts no processes.
 */
export function childProcesses(): typeof import("node:child_process") {
  return getBuiltinModule("node:child_process");
}
