import type { LocalFleet, LocalHost } from "@muster/local-fleet";
import { beforeAll, expect, test } from "vitest";
import { agentIdOf, publishGood, startFleet, updateOne, useCleanUp } from "../fleet.ts";

const cleanUp = useCleanUp();

let fleet: LocalFleet;
let host: LocalHost;

beforeAll(async () => {
  fleet = await startFleet(cleanUp);
  await publishGood(fleet, "1.0.0");
  await publishGood(fleet, "1.1.0");
  await publishGood(fleet, "2.1.0", { floor: "2.0.0" });
  const seed = await publishGood(fleet, "1.2.0");
  [host] = (await fleet.addHosts(["host-1"], seed)) as [LocalHost];
});

test("an older version is refused before anything starts unless the rollout allows it", async () => {
  const cohort = { kind: "agents" as const, ids: [await agentIdOf(fleet, host)] };
  await expect(fleet.roll("1.1.0", { cohort })).rejects.toMatchObject({ code: "ROLLOUT_COHORT_EMPTY" });
  const preview = await fleet.client.rollouts.preview({
    product: "acme-agent",
    version: "1.1.0",
    cohort,
    strategy: { kind: "immediate" },
  });
  expect(preview).toMatchObject({ ready: 0, reasons: [{ reason: "downgrade", count: 1 }] });
});

test("an older version is installed when the rollout allows it", async () => {
  const { target } = await updateOne(fleet, host, "1.1.0", { allowDowngrade: true });
  expect(target).toMatchObject({ state: "healthy", fromVersion: "1.2.0" });
  expect(await host.currentVersion()).toBe("1.1.0");
});

test("a release that was rolled back leaves no floor behind", async () => {
  await fleet.publish(await fleet.make({ version: "3.0.0", floor: "2.9.0", behaviour: "crashes" }));
  expect((await updateOne(fleet, host, "3.0.0")).target.state).toBe("rolled_back");
  await publishGood(fleet, "1.1.1");
  expect((await updateOne(fleet, host, "1.1.1")).target.state).toBe("healthy");
});

test("no permission goes below the floor that a signed release has set", async () => {
  expect((await updateOne(fleet, host, "2.1.0")).target).toMatchObject({
    state: "healthy",
    fromVersion: "1.1.1",
  });
  const { target } = await updateOne(fleet, host, "1.0.0", { allowDowngrade: true });
  expect(target).toMatchObject({ state: "failed", code: "UPDATE_BELOW_FLOOR" });
  expect(await host.currentVersion()).toBe("2.1.0");
});
