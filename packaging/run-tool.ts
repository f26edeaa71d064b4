import { spawnSync } from "node:child_process";
import { Problem } from "../scripts/bootstrap/problem.mjs";

/** Runs a build tool with nothing of the caller's environment but the path. Throws `Problem` with what it printed. */
export function runTool(
  program: string,
  args: readonly string[],
  { epoch, cwd }: { readonly epoch: number; readonly cwd: string },
): string {
  const done = spawnSync(program, args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    env: {
      PATH: process.env["PATH"],
      HOME: cwd,
      LC_ALL: "C.UTF-8",
      TZ: "UTC",
      SOURCE_DATE_EPOCH: String(epoch),
    },
  });
  if (done.status === 0) return done.stdout;
  throw new Problem(`${program} failed:\n${done.error?.message ?? `${done.stdout}${done.stderr}`.trim()}`);
}
