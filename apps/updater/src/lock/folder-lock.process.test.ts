import { spawn } from "node:child_process";
import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { namesIn } from "../fs/reading.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { endOf } from "../testing/updater-process.ts";

const CONTENDER = fileURLToPath(new URL("../testing/lock-contender.ts", import.meta.url));

test("processes that fight for a lock, some of them killed while they hold it, are never inside together", {
  timeout: 60_000,
}, async () => {
  const folder = temporaryFolder();
  const contend = (times: string) =>
    endOf(
      spawn(execPath, [CONTENDER, `${folder}/lock`, `${folder}/inside`, times], {
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
  const rounds = await Promise.all(["300", "die", "300", "die", "300", "die"].map(contend));
  expect(rounds.map(({ code, signal, output }) => ({ code, signal, output }))).toEqual(
    [0, 1, 2].flatMap(() => [
      { code: 0, signal: null, output: "" },
      { code: null, signal: "SIGKILL", output: "" },
    ]),
  );
  expect(namesIn(folder).filter((name) => name === "inside")).toEqual([]);
});
