import { until, type Behaviour, type LocalFleet, type LocalHost } from "@muster/local-fleet";
import { beforeAll, describe, expect, test } from "vitest";
import { knownVersion, publishGood, startFleet, updateOne, useCleanUp } from "../fleet.ts";

const cleanUp = useCleanUp();

let fleet: LocalFleet;
let host: LocalHost;

beforeAll(async () => {
  fleet = await startFleet(cleanUp);
  const seed = await publishGood(fleet, "1.0.0");
  [host] = (await fleet.addHosts(["host-1"], seed)) as [LocalHost];
});

/** What must be true of the host and of the control plane's knowledge after every ending. */
async function expectRunning(version: string): Promise<void> {
  expect(await host.currentVersion()).toBe(version);
  await until(
    `the control plane to know ${version}`,
    async () => (await knownVersion(fleet, host)) === version,
  );
  await until("nothing left over", async () => (await host.leftovers()).length === 0);
}

async function publish(version: string, behaviour: Behaviour): Promise<void> {
  await fleet.publish(await fleet.make({ version, behaviour }));
}

test("a good release is healthy on the host and in the control plane", async () => {
  await publishGood(fleet, "1.1.0");
  const { rollout, target } = await updateOne(fleet, host, "1.1.0");
  expect(rollout).toMatchObject({ state: "completed", touched: 1, counts: { healthy: 1 } });
  expect(target).toMatchObject({
    state: "healthy",
    fromVersion: "1.0.0",
    survivingVersion: "1.1.0",
    code: null,
  });
  expect(target.downtimeMs).toBeGreaterThan(0);
  await expectRunning("1.1.0");
  expect(await host.installedVersions()).toEqual(["1.0.0", "1.1.0"]);
});

test("a version that fails its preflight changes nothing", async () => {
  await publish("1.2.0", "fails_preflight");
  const { target } = await updateOne(fleet, host, "1.2.0");
  expect(target).toMatchObject({
    state: "failed",
    code: "PREFLIGHT_FAILED",
    survivingVersion: "1.1.0",
    downtimeMs: null,
  });
  expect(target.outputTail).toContain("libacme.so.3");
  await expectRunning("1.1.0");
  expect(await host.installedVersions()).toEqual(["1.0.0", "1.1.0"]);
});

test("a version that prints another version than it was signed as changes nothing", async () => {
  await publish("1.2.1", "wrong_version");
  const { target } = await updateOne(fleet, host, "1.2.1");
  expect(target).toMatchObject({ state: "failed", code: "PREFLIGHT_VERSION_MISMATCH" });
  await expectRunning("1.1.0");
});

test("a version that crashes after it starts comes back by itself, with what it printed", async () => {
  await publish("1.3.0", "crashes");
  const { target, rollout } = await updateOne(fleet, host, "1.3.0");
  expect(target).toMatchObject({
    state: "rolled_back",
    code: "PROBATION_CRASHED",
    survivingVersion: "1.1.0",
  });
  expect(target.outputTail).toContain("unknown setting 'listen'");
  expect(rollout).toMatchObject({ touchedAtHalt: 1, counts: { rolledBack: 1 } });
  await expectRunning("1.1.0");
});

test("a host refuses the release it has rolled back before", async () => {
  const { target } = await updateOne(fleet, host, "1.3.0");
  expect(target).toMatchObject({ state: "failed", code: "UPDATE_VERSION_BAD" });
  await expectRunning("1.1.0");
});

test("a version that never connects comes back at its deadline", async () => {
  await publish("1.4.0", "never_connects");
  const { target } = await updateOne(fleet, host, "1.4.0");
  expect(target).toMatchObject({
    state: "rolled_back",
    code: "PROBATION_DEADLINE",
    survivingVersion: "1.1.0",
  });
  expect(target.outputTail).toContain("licence server");
  await expectRunning("1.1.0");
});

describe("one update after another", () => {
  test("success after a failure", async () => {
    await publishGood(fleet, "1.5.0");
    const { target } = await updateOne(fleet, host, "1.5.0");
    expect(target).toMatchObject({ state: "healthy", fromVersion: "1.1.0" });
    await expectRunning("1.5.0");
  });

  test("success after a success, with old versions collected", async () => {
    await publishGood(fleet, "1.6.0");
    const { target } = await updateOne(fleet, host, "1.6.0");
    expect(target).toMatchObject({ state: "healthy", fromVersion: "1.5.0" });
    await expectRunning("1.6.0");
    expect(await host.installedVersions()).toEqual(["1.1.0", "1.5.0", "1.6.0"]);
  });

  test("failure after a success, and failure after a failure", async () => {
    for (const version of ["1.7.0", "1.8.0"]) {
      await publish(version, "crashes");
      const { target } = await updateOne(fleet, host, version);
      expect(target).toMatchObject({ state: "rolled_back", fromVersion: "1.6.0", survivingVersion: "1.6.0" });
      await expectRunning("1.6.0");
    }
  });
});

test("the configuration is restored with the version", async () => {
  // The host's own settings stand in the same file as Muster's.
  const config = JSON.parse(await host.read("config/agent.json")) as Record<string, unknown>;
  expect(config["muster"]).toMatchObject({ product: "acme-agent" });
});
