import { until } from "@muster/local-fleet";
import { beforeAll, expect, test } from "vitest";
import { useCleanUp } from "../fleet.ts";
import { assertGood, Scene, wordsOf } from "./scene.ts";

const cleanUp = useCleanUp();

const STATE = "/var/lib/muster";

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.set(cleanUp, "read-only", { disks: { [STATE]: { sizeMb: 96 } } });
});

test("a disk that turns read-only keeps the agent running, also when it is started again", async () => {
  const { host } = scene;
  const before = await host.currentVersion();
  await host.box.turnReadOnly(STATE);
  await host.box.sh("systemctl restart muster-agent.service");
  await until("it to run", async () => (await host.runningVersion()) === before);
  await until("it to be online", () => scene.boxes.isOnline(host));
  const version = scene.nextVersion();
  await scene.publish(version);
  const refused = await scene.update(version, { deadlines: { dispatched: 15_000 } });
  // An agent says nothing that it cannot keep: its silence is what the update fails for.
  expect(refused).toMatchObject({ state: "failed", code: "TARGET_STAGE_TIMEOUT" });
  expect(await host.runningVersion()).toBe(before);
  expect(await scene.agent()).toMatchObject({ online: true, version: before });
  await host.box.down();
  await until("the control plane to miss it", async () => !(await scene.boxes.isOnline(host)));
  const since = performance.now();
  await host.box.boot();
  const target = await scene.update(version);
  expect(target).toMatchObject({ state: "healthy", code: null });
  await assertGood(scene, version, {
    scenario: "read-only disk",
    injected: "from the start of the agent on, an update tried, then a reboot",
    said: `${wordsOf(refused)}, then ${wordsOf(target)}`,
    since,
  });
});
