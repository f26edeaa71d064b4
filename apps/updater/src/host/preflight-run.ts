import { childProcesses } from "./child-processes.ts";
import { payloadUser } from "./payload-user.ts";
import type { PreflightRun } from "../ports.ts";

const TIMEOUT_MS = 30_000;
const OUTPUT_MAX_BYTES = 65_536;

/**
 * Runs a command without an environment, without input, in a process group of its own that is ended with it; as the user
 * that the payload runs as, if that is another one.
 */
export function preflightRun(runFolder: string, timeoutMs = TIMEOUT_MS): PreflightRun {
  return ({ file, args, folder }) =>
    new Promise((resolve) => {
      const child = childProcesses().spawn(file, args, {
        cwd: folder,
        env: {},
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        ...payloadUser(runFolder),
      });
      const stdout = collect(child.stdout);
      const stderr = collect(child.stderr);
      let problem = "";
      const timer = setTimeout(() => {
        problem = `did not end within ${timeoutMs} ms`;
        endGroup(child.pid);
      }, timeoutMs);
      child.on("error", (error) => {
        clearTimeout(timer);
        resolve({ exitCode: null, problem: error.message, stdout: "", stderr: "" });
      });
      child.on("exit", () => endGroup(child.pid));
      child.on("close", (exitCode, signal) => {
        clearTimeout(timer);
        if (problem === "" && signal !== null) problem = `was ended by ${signal}`;
        resolve({ exitCode: problem === "" ? exitCode : null, problem, stdout: stdout(), stderr: stderr() });
      });
    });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  stream.on("data", (piece: Uint8Array) => {
    if (sizeBytes < OUTPUT_MAX_BYTES) pieces.push(piece);
    sizeBytes += piece.byteLength;
  });
  return () => new TextDecoder().decode(Buffer.concat(pieces).subarray(0, OUTPUT_MAX_BYTES));
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
