import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostLayout, type HostLayout, type MusterError, type Outcome } from "@muster/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createOutbox } from "./outbox.ts";

let layout: HostLayout;
let problems: MusterError[];
beforeEach(async () => {
  layout = hostLayout(await mkdtemp(join(tmpdir(), "muster-agent-sdk-")));
  problems = [];
  await mkdir(layout.outcomes);
});
afterEach(() => rm(layout.root, { recursive: true, force: true }));

const outbox = () => createOutbox(layout, (_, problem) => void problems.push(problem));
const outcome = (targetId: string): Outcome => ({
  schema: 1,
  targetId,
  product: "acme-agent",
  result: "failed",
  survivingVersion: "1.0.0",
  fromVersion: "1.0.0",
  toVersion: "1.1.0",
  code: "DISK_SHORT",
  message: "full",
  outputTail: "",
  endedAt: 1,
  downtimeMs: null,
});
const byUpdater = (targetId: string) =>
  writeFile(`${layout.outcomes}/${targetId}.json`, JSON.stringify(outcome(targetId)));
const pendingIds = async () => [...(await outbox().pending()).keys()].toSorted();

test("outcomes of the agent and of the updater are pending until they are acknowledged", async () => {
  await outbox().keep(outcome("own"));
  await byUpdater("theirs");
  expect(await pendingIds()).toEqual(["own", "theirs"]);
  await outbox().acknowledge("own");
  await outbox().acknowledge("theirs");
  expect(await pendingIds()).toEqual([]);
  expect(await readdir(`${layout.run}/outbox`)).toEqual([]);
  expect(await readdir(layout.outcomes)).toEqual(["theirs.json"]);
});

test("acknowledgements that come at once are all kept", async () => {
  const ids = Array.from({ length: 12 }, (_, n) => `t${n}`);
  for (const id of ids) await byUpdater(id);
  const one = outbox();
  await Promise.all(ids.map((id) => one.acknowledge(id)));
  expect(await pendingIds()).toEqual([]);
  const kept = JSON.parse(await readFile(layout.acknowledged, "utf8")) as { targetIds: string[] };
  expect(kept.targetIds.toSorted()).toEqual(ids.toSorted());
});

test("what the updater has removed is forgotten", async () => {
  await byUpdater("old");
  await outbox().acknowledge("old");
  await rm(`${layout.outcomes}/old.json`);
  await byUpdater("new");
  await outbox().acknowledge("new");
  expect(JSON.parse(await readFile(layout.acknowledged, "utf8"))).toEqual({ schema: 1, targetIds: ["new"] });
});

test("an acknowledgement of what is not there, and of a hostile name, does nothing", async () => {
  await outbox().acknowledge("unknown");
  await expect(outbox().acknowledge("../../etc/passwd")).rejects.toMatchObject({ code: "OUTCOME_INVALID" });
  expect(await readdir(layout.root)).toEqual(["outcomes"]);
});

test("a damaged list of acknowledgements sends again rather than lose", async () => {
  await byUpdater("t1");
  await mkdir(layout.run);
  await writeFile(layout.acknowledged, "{");
  expect(await pendingIds()).toEqual(["t1"]);
  expect(problems).toMatchObject([{ code: "OUTCOME_INVALID" }]);
});

test("files that are no outcomes are passed over", async () => {
  await writeFile(`${layout.outcomes}/t1.json.new`, "{");
  await writeFile(`${layout.outcomes}/.hidden.json`, "{");
  await writeFile(`${layout.outcomes}/big.json`, " ".repeat(300_000));
  expect(await pendingIds()).toEqual([]);
  expect(problems).toHaveLength(1);
});
