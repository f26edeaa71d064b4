import { setTimeout as sleep } from "node:timers/promises";
import { until } from "@muster/local-fleet";
import { beforeAll, expect, test } from "vitest";
import { useCleanUp } from "../fleet.ts";
import { assertGood, Scene, wordsOf } from "./scene.ts";

const cleanUp = useCleanUp();

/** The deadline is shorter than the time for which nobody can connect. */
const LIMITS = { deadlineMs: 4000, stabilizationMs: 800, maxBoots: 3 } as const;
const OUTAGE_MS = 8000;
const UNITS = ["muster-agent.service", "muster-updater.service"];

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.set(cleanUp, "network");
});

test("a partition in the middle of a download is sat out, and the download goes on", async () => {
  const { box } = scene.host;
  const version = scene.nextVersion();
  await scene.publish(version, "good", 8_000_000);
  await box.slowDown(2000);
  const id = await scene.start(version);
  await until("some of it to be here", async () => {
    const [target] = await scene.fleet.targets(id);
    return target?.state === "downloading" && (target.receivedBytes ?? 0) > 0;
  });
  await box.partition();
  await sleep(OUTAGE_MS);
  const since = performance.now();
  await box.heal();
  const target = await scene.ended(id);
  expect(target).toMatchObject({ state: "healthy", survivingVersion: version });
  await assertGood(scene, version, {
    scenario: "partition",
    injected: `for ${OUTAGE_MS / 1000} s while downloading`,
    said: wordsOf(target),
    since,
  });
});

test("a partition during the probation, longer than the deadline, rolls nothing back", async () => {
  const { host } = scene;
  const { id, version } = await scene.frozenAt("probation", "good", LIMITS);
  await host.box.partition();
  await host.box.thaw();
  await sleep(OUTAGE_MS);
  expect(host.state()).toBe("probation");
  const since = performance.now();
  await host.box.heal();
  const target = await scene.ended(id);
  expect(target).toMatchObject({ state: "healthy", survivingVersion: version });
  await assertGood(scene, version, {
    scenario: "partition",
    injected: `for ${OUTAGE_MS / 1000} s on probation (deadline of ${LIMITS.deadlineMs / 1000} s)`,
    said: wordsOf(target),
    since,
  });
});

test("a clock that is hours wrong holds an update back, and says so, until it is right", async () => {
  const { host } = scene;
  await host.box.setClock("+3h", UNITS);
  await host.box.sh("systemctl restart muster-agent.service");
  const version = scene.nextVersion();
  await scene.publish(version);
  await until("the clock to be noticed", async () => ((await scene.agent()).clockSkewMs ?? 0) > 10_000_000);
  const id = await scene.start(version);
  await until("the reason", async () => (await scene.fleet.targets(id))[0]?.reason === "clock_skew");
  const since = performance.now();
  await host.box.write("/etc/wrong-clock", "+0\n");
  const target = await scene.ended(id);
  expect(target).toMatchObject({ state: "healthy", survivingVersion: version });
  await assertGood(scene, version, {
    scenario: "wrong clock",
    injected: "3 hours fast, then right",
    said: `pending clock_skew, then ${wordsOf(target)}`,
    since,
  });
});

test("a clock that jumps by years during the probation holds everything until it is right again", async () => {
  const { host } = scene;
  const { id, version } = await scene.frozenAt("probation", "good", LIMITS);
  await host.box.write("/etc/wrong-clock", "-20y\n");
  await host.box.thaw();
  await sleep(OUTAGE_MS);
  expect(host.state()).toBe("probation");
  expect(await host.runningVersion()).toBe(version);
  const since = performance.now();
  await host.box.write("/etc/wrong-clock", "+0\n");
  const target = await scene.ended(id);
  expect(target).toMatchObject({ state: "healthy", survivingVersion: version });
  await assertGood(scene, version, {
    scenario: "wrong clock",
    injected: "20 years slow while on probation, then right",
    said: wordsOf(target),
    since,
  });
});
