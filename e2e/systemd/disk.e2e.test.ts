import { until } from "@muster/local-fleet";
import { beforeAll, expect, test } from "vitest";
import { useCleanUp } from "../fleet.ts";
import { assertGood, Scene, wordsOf } from "./scene.ts";

const cleanUp = useCleanUp();

const STATE = "/var/lib/muster";

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.set(cleanUp, "disk", { disks: { [STATE]: { sizeMb: 96 } } });
});

test("a disk with less than three times the archive free refuses the update, and takes it when there is room", async () => {
  const version = scene.nextVersion();
  await scene.publish(version, "good", 4_000_000);
  const empty = await scene.host.box.fillDisk(STATE, 8);
  const refused = await scene.update(version);
  expect(refused).toMatchObject({ state: "failed", code: "DISK_SHORT", survivingVersion: "1.0.0" });
  await empty();
  const since = performance.now();
  const target = await scene.update(version);
  expect(target).toMatchObject({ state: "healthy", code: null });
  await assertGood(scene, version, {
    scenario: "full disk",
    injected: "8 MB free for an archive of 4 MB, then room",
    said: `${wordsOf(refused)}, then ${wordsOf(target)}`,
    since,
  });
});

test("a disk that becomes full in the middle of an update stops the update, not the agent", async () => {
  const { host } = scene;
  const { id, before } = await scene.frozenAt("staged", "good");
  const empty = await host.box.fillDisk(STATE, 0);
  await host.box.thaw();
  await host.box.sh("systemctl restart muster-agent.service");
  await until("the version before to run", async () => (await host.runningVersion()) === before);
  const since = performance.now();
  await empty();
  const target = await scene.ended(id);
  expect(target).toMatchObject({ state: "failed", survivingVersion: before });
  await assertGood(scene, before, {
    scenario: "full disk",
    injected: "no byte free from the middle of an update on, the agent restarted, then room",
    said: wordsOf(target),
    since,
  });
});
