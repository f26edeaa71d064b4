import { writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { folderPulse } from "./folder-pulse.ts";

const NEVER_MS = 2 ** 30;

function pulseOf(...folders: readonly string[]) {
  const pulse = folderPulse(folders);
  onTestFinished(() => pulse.close());
  return pulse;
}

test("a change in a folder wakes", async () => {
  const folder = temporaryFolder();
  const pulse = pulseOf(folder);
  const woken = pulse.next(NEVER_MS);
  writeFileSync(`${folder}/health.json`, "{}");
  await expect(woken).resolves.toBeUndefined();
});

test("a change since the last time is not slept over", async () => {
  const folder = temporaryFolder();
  const pulse = pulseOf(folder);
  const first = pulse.next(NEVER_MS);
  writeFileSync(`${folder}/health.json`, "{}");
  await first;
  writeFileSync(`${folder}/health.json`, '{"more":true}');
  await new Promise((resolve) => setImmediate(resolve));
  await expect(pulse.next(NEVER_MS)).resolves.toBeUndefined();
});

test("without a folder to watch the time wakes", async () => {
  await expect(pulseOf("/nowhere/at/all").next(1)).resolves.toBeUndefined();
});
