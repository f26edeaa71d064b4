import type { HostState } from "@muster/core";
import type { Behaviour } from "@muster/local-fleet";
import type { TargetView } from "@muster/protocol/http";
import { beforeAll, expect, test } from "vitest";
import { useCleanUp } from "../fleet.ts";
import { assertGood, Scene, wordsOf } from "./scene.ts";

const cleanUp = useCleanUp();

const LIMITS = { deadlineMs: 15_000, stabilizationMs: 1500, maxBoots: 3 } as const;

const KILLS: readonly (readonly [HostState["kind"], Behaviour, readonly TargetView["state"][]])[] = [
  ["staged", "good", ["failed"]],
  // The switch may have been made, and only not been written down.
  ["activating", "good", ["failed", "healthy"]],
  ["probation", "good", ["healthy"]],
  ["rolling_back", "crashes", ["rolled_back"]],
];

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.set(cleanUp, "kills");
});

test.each(KILLS)(
  "an updater killed while an update is %s is followed by one that ends it",
  async (state, behaviour, endings) => {
    const { host } = scene;
    const { id, before, version } = await scene.frozenAt(state, behaviour, LIMITS);
    const pid = await host.updaterPid();
    expect(pid).not.toBeNull();
    const since = performance.now();
    await host.box.exec(["kill", "-KILL", `${pid}`]);
    await host.box.thaw();
    const target = await scene.ended(id);
    expect(endings).toContain(target.state);
    const survivor = target.state === "healthy" ? version : before;
    expect(target).toMatchObject({ survivingVersion: survivor });
    await assertGood(scene, survivor, {
      scenario: "kill -9 of the updater",
      injected: `while ${state}`,
      said: wordsOf(target),
      since,
    });
  },
);
