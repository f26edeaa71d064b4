import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostLayout, type HostLayout } from "@muster/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openUpdateStore, updateStorePath, type TakenUpdate } from "./update-store.ts";

const UPDATE: TakenUpdate = {
  targetId: "t1",
  phase: "taken",
  assignment: "e30=",
  assignmentSignature: "",
  downloadPath: "/x",
};

let layout: HostLayout;
beforeEach(async () => {
  layout = hostLayout(await mkdtemp(join(tmpdir(), "muster-agent-sdk-")));
  await mkdir(layout.run);
});
afterEach(() => rm(layout.root, { recursive: true, force: true }));

const open = () =>
  openUpdateStore(layout, (problem) => {
    throw problem;
  });

test("what was taken is there in the next process", async () => {
  await (await open()).change(() => ({ lastSequence: 4, update: UPDATE }));
  expect((await open()).taken).toMatchObject({ lastSequence: 4, update: UPDATE });
  expect(await readdir(layout.run)).toEqual(["update.json"]);
});

test("changes at once do not undo each other", async () => {
  const store = await open();
  await store.change(() => ({ lastSequence: 1, update: UPDATE }));
  await Promise.all([
    store.change(() => ({ update: { ...UPDATE, phase: "handed_over" } })),
    store.change(() => ({ lastSequence: 2 })),
  ]);
  const expected = { lastSequence: 2, update: { ...UPDATE, phase: "handed_over" } };
  expect(store.taken).toMatchObject(expected);
  expect((await open()).taken).toMatchObject(expected);
});

test("a change that cannot be written is not remembered either, and the next one is made", async () => {
  const store = await open();
  await rm(layout.run, { recursive: true });
  await expect(store.change(() => ({ lastSequence: 9 }))).rejects.toMatchObject({ code: "HOST_FILE_FAILED" });
  expect(store.taken.lastSequence).toBe(0);
  await mkdir(layout.run);
  await store.change(() => ({ lastSequence: 1 }));
  expect((await open()).taken.lastSequence).toBe(1);
});

test("what a killed process left half-written is not in the way", async () => {
  await writeFile(`${updateStorePath(layout)}.new`, "{");
  await (await open()).change(() => ({ lastSequence: 1 }));
  expect((await open()).taken.lastSequence).toBe(1);
});
