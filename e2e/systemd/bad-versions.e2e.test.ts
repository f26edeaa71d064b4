import { until } from "@muster/local-fleet";
import { beforeAll, expect, test } from "vitest";
import { useCleanUp } from "../fleet.ts";
import { assertGood, Scene, wordsOf } from "./scene.ts";

const cleanUp = useCleanUp();

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.set(cleanUp, "bad-versions");
});

test("a good version is installed, and no file of the package has changed", async () => {
  await scene.publish("1.1.0");
  const since = performance.now();
  const target = await scene.update("1.1.0");
  expect(target).toMatchObject({ state: "healthy", fromVersion: "1.0.0", survivingVersion: "1.1.0" });
  await assertGood(scene, "1.1.0", { scenario: "update", injected: "nothing", said: wordsOf(target), since });
});

test("a version that fails its preflight is never started", async () => {
  await scene.publish("1.2.0", "fails_preflight");
  const since = performance.now();
  const target = await scene.update("1.2.0");
  expect(target).toMatchObject({ state: "failed", code: "PREFLIGHT_FAILED", survivingVersion: "1.1.0" });
  await assertGood(scene, "1.1.0", {
    scenario: "broken update",
    injected: "a version that fails its preflight",
    said: wordsOf(target),
    since,
  });
});

test("a version that crashes gives way to the one before, with what it printed", async () => {
  await scene.publish("1.3.0", "crashes");
  const since = performance.now();
  const target = await scene.update("1.3.0");
  expect(target).toMatchObject({
    state: "rolled_back",
    code: "PROBATION_CRASHED",
    survivingVersion: "1.1.0",
  });
  expect(target.outputTail).toContain("unknown setting 'listen'");
  await assertGood(scene, "1.1.0", {
    scenario: "broken update",
    injected: "a version that crashes",
    said: wordsOf(target),
    since,
  });
});

test("a version that never connects is taken back at its deadline", async () => {
  await scene.publish("1.4.0", "never_connects");
  const since = performance.now();
  const target = await scene.update("1.4.0");
  expect(target).toMatchObject({
    state: "rolled_back",
    code: "PROBATION_DEADLINE",
    survivingVersion: "1.1.0",
  });
  await assertGood(scene, "1.1.0", {
    scenario: "never-connecting update",
    injected: "a version that waits for ever",
    said: wordsOf(target),
    since,
  });
});

test("a version that hangs is ended by the watchdog and started again", async () => {
  const { box } = scene.host;
  // As long as in the product is too long for a test.
  await box.sh(`
    mkdir -p /etc/systemd/system/muster-agent.service.d
    printf '[Service]\\nWatchdogSec=3s\\n' >/etc/systemd/system/muster-agent.service.d/watchdog.conf
    systemctl daemon-reload; systemctl restart muster-agent.service`);
  const hung = await until("the restart", () => scene.host.payloadPid());
  await until("its first sign of life", async () => (await scene.host.health())?.connectedSinceMs !== null);
  const since = performance.now();
  await box.sh(`kill -STOP ${hung}`);
  await until("another process", async () => ![hung, null].includes(await scene.host.payloadPid()));
  expect(await scene.host.printed()).toContain("Watchdog timeout");
  await assertGood(scene, "1.1.0", {
    scenario: "hang",
    injected: "SIGSTOP to the payload (watchdog of 3 s)",
    said: "online 1.1.0",
    since,
  });
});

test("a version that was good and then crashes for ever gives way to the one before", async () => {
  await scene.publish("1.5.0", "trips");
  expect(await scene.update("1.5.0")).toMatchObject({ state: "healthy" });
  const since = performance.now();
  await scene.host.box.sh(
    "touch /var/lib/muster/run/trip; systemctl kill --signal=KILL muster-agent.service",
  );
  await until("the host to leave it", async () => (await scene.host.currentVersion()) === "1.1.0");
  await scene.host.box.waitUntil(
    "the recovery to end",
    "! systemctl is-active --quiet muster-recovery.service",
  );
  await assertGood(scene, "1.1.0", {
    scenario: "crash loop of a committed version",
    injected: "it ends at every start",
    said: "online 1.1.0, recovered from 1.5.0",
    since,
  });
  expect(await scene.agent()).toMatchObject({ recovery: { fromVersion: "1.5.0", toVersion: "1.1.0" } });
});
