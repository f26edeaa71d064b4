import { readFile, watch } from "node:fs/promises";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { runProgram } from "./run-program.ts";

const run = (script: string, ...args: readonly string[]) =>
  runProgram([process.execPath, "-e", script, "--", ...args], { interactive: false });

test("a program's exit code is the answer, and its arguments are its own", async () => {
  expect(await run("process.exit(7)")).toBe(7);
  expect(
    await run(
      "process.exit(process.argv.slice(1).join(' ') === '--port 5 --json' ? 0 : 1)",
      "--port",
      "5",
      "--json",
    ),
  ).toBe(0);
});

test("a program that a signal ended answers like in a shell", async () => {
  expect(await run("process.kill(process.pid, 'SIGKILL')")).toBe(128 + 9);
});

test("a signal is passed on, and the program ends as it likes", async () => {
  await using folder = await temporaryFolder();
  const ready = folder.at("ready");
  const waiting = watch(folder.path);
  const ended = run(
    `process.once("SIGTERM", () => process.exit(42));
     setInterval(() => undefined, 1000);
     require("node:fs").writeFileSync(${JSON.stringify(ready)}, "yes");`,
  );
  for await (const _ of waiting) if ((await readFile(ready, "utf8")) === "yes") break;
  process.emit("SIGTERM", "SIGTERM");
  expect(await ended).toBe(42);
});

test("a program that is not there is an error", async () => {
  await expect(runProgram(["/nowhere/at/all"], { interactive: false })).rejects.toThrow("ENOENT");
});
