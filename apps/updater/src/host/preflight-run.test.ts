import { execPath } from "node:process";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { eventually, isRunning } from "../testing/updater-process.ts";
import { preflightRun } from "./preflight-run.ts";

const run = (script: string, timeoutMs = 20_000) => {
  const folder = temporaryFolder();
  return preflightRun(folder, timeoutMs)({ file: execPath, args: ["-e", script], folder });
};

describe("a preflight", { timeout: 60_000 }, () => {
  test("tells what was printed and how it ended", async () => {
    expect(await run('console.log("1.0.0"); console.error("note"); process.exitCode = 3')).toEqual({
      exitCode: 3,
      problem: "",
      stdout: "1.0.0\n",
      stderr: "note\n",
    });
  });

  test("runs without an environment, without input", async () => {
    process.env["MUSTER_TEST_SECRET"] = "secret";
    const script =
      "process.stdin.resume(); process.stdin.on('end', () => console.log(JSON.stringify(process.env)))";
    expect(await run(script)).toMatchObject({ exitCode: 0, stdout: "{}\n" });
  });

  test("that does not end is ended, with what it started", async () => {
    const script = `const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
      console.log(child.pid); setInterval(() => {}, 1000)`;
    const { exitCode, problem, stdout } = await run(script, 1000);
    expect({ exitCode, problem }).toEqual({ exitCode: null, problem: "did not end within 1000 ms" });
    await eventually("its child to be gone", () => (isRunning(Number(stdout)) ? null : true));
  });

  test("that leaves a child behind with its output does not wait for it", async () => {
    const script = `const options = { stdio: "inherit" };
      const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], options);
      console.log(child.pid); child.unref(); process.exit(0)`;
    const { exitCode, stdout } = await run(script);
    expect(exitCode).toBe(0);
    await eventually("its child to be gone", () => (isRunning(Number(stdout)) ? null : true));
  });

  test("that is ended by a signal has no exit code", async () => {
    expect(await run('process.kill(process.pid, "SIGKILL")')).toMatchObject({
      exitCode: null,
      problem: "was ended by SIGKILL",
    });
  });

  test("prints without end, and only the beginning is kept", async () => {
    const script = 'const line = "x".repeat(65536); for (let i = 0; i < 100; i++) console.log(line)';
    const { exitCode, stdout } = await run(script);
    expect(exitCode).toBe(0);
    expect(stdout).toHaveLength(65_536);
  });

  test("of a file that cannot be run says so", async () => {
    const folder = temporaryFolder();
    const result = await preflightRun(folder)({ file: `${folder}/missing`, args: ["--version"], folder });
    expect(result).toMatchObject({ exitCode: null, problem: expect.stringContaining("ENOENT") });
  });
});
