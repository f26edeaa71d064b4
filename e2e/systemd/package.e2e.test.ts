import { until } from "@muster/local-fleet";
import { beforeAll, expect, test } from "vitest";
import { useCleanUp } from "../fleet.ts";
import { assertGood, Scene, wordsOf } from "./scene.ts";

const cleanUp = useCleanUp();

let scene: Scene;
/** With a newer version as its seed. */
let upgrade: string;

beforeAll(async () => {
  scene = await Scene.set(cleanUp, "package");
  upgrade = await scene.boxes.package("0.2.0", await scene.fleet.make({ version: "3.0.0" }));
});

const installed = () =>
  scene.host.box.sh("dpkg-query --show --showformat='${Status} ${Version}' muster-agent");

test("a package upgraded in the middle of an update leaves the update alone", async () => {
  const { host } = scene;
  const limits = { deadlineMs: 60_000, stabilizationMs: 12_000, maxBoots: 3 };
  const { id, version } = await scene.frozenAt("probation", "good", limits);
  await host.box.thaw();
  const since = performance.now();
  expect(await host.install(upgrade)).toContain("an update is under way");
  expect(host.state()).toBe("probation");
  const target = await scene.ended(id);
  expect(target).toMatchObject({ state: "healthy", survivingVersion: version });
  await assertGood(scene, version, {
    scenario: "package upgrade",
    injected: "while an update is on probation, with a newer seed",
    said: wordsOf(target),
    since,
  });
  expect(await installed()).toBe("install ok installed 0.2.0");
});

test("a package that was removed and installed again finds its version and its identity", async () => {
  const { host } = scene;
  const before = await host.currentVersion();
  await host.box.sh("dpkg --remove muster-agent 2>&1");
  await until("the control plane to miss it", async () => !(await scene.boxes.isOnline(host)));
  const since = performance.now();
  await host.install(upgrade);
  await assertGood(scene, before, {
    scenario: "package",
    injected: "removed and installed again",
    said: `online ${before}`,
    since,
  });
});

test("a purge leaves nothing on the host, and the control plane says that it is gone", async () => {
  const { host } = scene;
  const before = await host.currentVersion();
  await host.box.sh("dpkg --purge muster-agent 2>&1");
  const traces = await host.box.sh(`
    ls -d /var/lib/muster /etc/muster /usr/lib/muster-agent /usr/bin/muster-* 2>/dev/null || true
    find /etc/systemd/system /lib/systemd/system -name 'muster-*' -not -name '*.service.d' 2>/dev/null || true
    getent passwd muster || true
    getent group muster || true
    readlink /proc/[0-9]*/exe | grep muster || true`);
  expect(traces).toBe("");
  await until("the control plane to miss it", async () => !(await scene.boxes.isOnline(host)));
  expect(await scene.agent()).toMatchObject({ online: false, version: before });
  console.log(`TABLE | package | purged | nothing | offline ${before} | - |`);
});
