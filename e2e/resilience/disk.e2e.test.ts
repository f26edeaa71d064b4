import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { LocalFleet, LocalHost } from "@muster/local-fleet";
import { beforeAll, expect, test } from "vitest";
import { publishGood, startFleet, updateOne, useCleanUp } from "../fleet.ts";

const cleanUp = useCleanUp();

const IS_ROOT = process.getuid?.() === 0;

let fleet: LocalFleet;

beforeAll(async () => {
  fleet = await startFleet(cleanUp);
});

// Only root may mount the small disk.
test.runIf(IS_ROOT)(
  "a host short of disk refuses before anything is touched, and says how much is missing",
  async () => {
    const root = join(fleet.folder, "hosts", "small-disk");
    await mkdir(root, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", root]);
    cleanUp.defer(() => void execFileSync("umount", ["--lazy", root]));
    const seed = await publishGood(fleet, "1.0.0");
    const [host] = (await fleet.addHosts(["small-disk"], seed)) as [LocalHost];
    await fleet.publish(await fleet.make({ version: "1.1.0", paddingBytes: 5_000_000 }));
    const { target } = await updateOne(fleet, host, "1.1.0");
    expect(target).toMatchObject({ state: "failed", code: "DISK_SHORT", survivingVersion: "1.0.0" });
    expect(await host.currentVersion()).toBe("1.0.0");
    expect(await host.leftovers()).toEqual([]);
  },
);
