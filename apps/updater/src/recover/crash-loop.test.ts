import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { applyHandoffs } from "../apply/apply.ts";
import { statusOf } from "../commands/status.ts";
import { readJournal } from "../journal/journal-store.ts";
import { preparedHost, type PreparedHost } from "../testing/prepared-host.ts";
import { handoffFor, handOver } from "../testing/release-fixture.ts";
import { recoverFromCrashLoop } from "./crash-loop.ts";

/** 1.1.0 runs, 1.0.0 is the last good version. */
async function updated(): Promise<PreparedHost> {
  const prepared = await preparedHost();
  const release = await prepared.release("1.1.0");
  handOver(prepared.layout, release, handoffFor(release));
  await applyHandoffs(prepared.host);
  return prepared;
}

test("a committed version that ends again and again is left for the one before, and refused from then on", async () => {
  const prepared = await updated();
  await recoverFromCrashLoop(prepared.host, { restMs: 0 });
  expect(statusOf(prepared.host)).toMatchObject({ current: "1.0.0", bad: [{ version: "1.1.0" }] });
  const reading = readJournal(prepared.host);
  expect(reading).toMatchObject({
    journal: { recovery: { fromVersion: "1.1.0", toVersion: "1.0.0" }, state: { kind: "steady" } },
  });
  expect(prepared.said.at(-1)).toBe("the service ends again and again: going back from 1.1.0 to 1.0.0");
  const again = await prepared.release("1.1.0");
  handOver(prepared.layout, again, { ...handoffFor(again), targetId: "target-again" });
  expect(await applyHandoffs(prepared.host)).toMatchObject({ outcome: { code: "UPDATE_VERSION_BAD" } });
});

test("with nowhere to go back to it rests, and nothing is changed", async () => {
  const prepared = await preparedHost();
  await recoverFromCrashLoop(prepared.host, { restMs: 0 });
  expect(statusOf(prepared.host)).toMatchObject({ current: "1.0.0", bad: [] });
  expect(prepared.said.slice(-2)).toEqual([
    "the service ends again and again; there is no other version to go back to",
    "it is started again in 0 seconds",
  ]);
});

test("a version before that is damaged is not gone back to", async () => {
  const prepared = await updated();
  writeFileSync(`${prepared.layout.versions}/1.0.0/agent.mjs`, "// something else\n");
  await recoverFromCrashLoop(prepared.host, { restMs: 0 });
  expect(statusOf(prepared.host)).toMatchObject({ current: "1.1.0", bad: [] });
});
