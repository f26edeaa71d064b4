import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { until, type LocalFleet, type LocalHost, type ReleaseFiles } from "@muster/local-fleet";
import { beforeAll, expect, test } from "vitest";
import { agentIdOf, LIMITS, publishGood, startFleet, updateOne, useCleanUp } from "../fleet.ts";
import { CuttingProxy } from "./cutting-proxy.ts";

const cleanUp = useCleanUp();

let fleet: LocalFleet;
let seed: ReleaseFiles;

beforeAll(async () => {
  fleet = await startFleet(cleanUp);
  seed = await publishGood(fleet, "1.0.0");
});

test("a download that is cut again and again is resumed where it broke off", async () => {
  const proxy = await CuttingProxy.start(fleet.server.gateway);
  cleanUp.defer(() => proxy.close());
  const [host] = (await fleet.addHosts(["far-away"], seed, { gateway: proxy.address })) as [LocalHost];
  await fleet.publish(await fleet.make({ version: "1.1.0", paddingBytes: 6_000_000 }));
  proxy.cutAfterBytes = 1_500_000;
  const { target } = await updateOne(fleet, host, "1.1.0");
  expect(target).toMatchObject({ state: "healthy", survivingVersion: "1.1.0" });
  // Six megabytes in pieces of one and a half: without resuming no connection would have been long enough.
  expect(proxy.cuts).toBeGreaterThanOrEqual(3);
  await host.stop();
});

test("a gateway that refuses everyone during the probation rolls nothing back", async () => {
  const [host] = (await fleet.addHosts(["host-1"], seed)) as [LocalHost];
  await publishGood(fleet, "1.2.0");
  const limits = { ...LIMITS, deadlineMs: 3000 };
  const cohort = { kind: "agents" as const, ids: [await agentIdOf(fleet, host)] };
  const { id } = await fleet.roll("1.2.0", { cohort, limits });
  await until("the handoff", async () => (await fleet.targets(id))[0]?.state === "restarting", {
    everyMs: 20,
  });
  await fleet.server.stop("SIGKILL");
  const refusing = createServer((socket) => socket.destroy());
  refusing.listen(Number(fleet.server.gateway.split(":")[1]), "127.0.0.1");
  await once(refusing, "listening");
  const journal = async () => JSON.stringify(JSON.parse(await host.updater(["status", "--json"]).success()));
  await until("the probation", async () => (await journal()).includes('"probation"'));
  // Longer than the deadline: time in which nobody can connect is not the version's fault.
  const waitedFrom = performance.now();
  await until("more than the deadline to pass", () => performance.now() - waitedFrom > 2 * limits.deadlineMs);
  expect(await host.currentVersion()).toBe("1.2.0");
  expect(await journal()).toContain('"probation"');
  refusing.close();
  await fleet.server.restart();
  // The agent's next attempt comes well within the deadline, which runs from here on.
  expect(await fleet.settled(id)).toMatchObject({ state: "completed", counts: { healthy: 1 } });
  expect(await host.currentVersion()).toBe("1.2.0");
});

test("a mirror that changes an archive reaches no host", async () => {
  const host = fleet.hosts.find(({ name }) => name === "host-1");
  if (!host) throw new Error("host-1 is missing");
  const before = await host.currentVersion();
  const release = await publishGood(fleet, "1.3.0");
  const manifest = JSON.parse(await readFile(release.manifest, "utf8")) as {
    artifacts: { sha256: string }[];
  };
  const digest = manifest.artifacts[0]?.sha256 ?? "";
  const stored = await fleet.server.objectPath(digest);
  const bytes = await readFile(stored);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  await writeFile(stored, bytes);
  const { target } = await updateOne(fleet, host, "1.3.0");
  expect(target).toMatchObject({
    state: "failed",
    code: "ARTIFACT_DIGEST_MISMATCH",
    survivingVersion: before,
  });
  expect(await host.currentVersion()).toBe(before);
  expect(await host.leftovers()).toEqual([]);
});
