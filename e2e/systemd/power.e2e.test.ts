import type { HostState } from "@muster/core";
import type { Behaviour } from "@muster/local-fleet";
import type { TargetView } from "@muster/protocol/http";
import { beforeAll, expect, test } from "vitest";
import { useCleanUp } from "../fleet.ts";
import { assertGood, Scene, wordsOf } from "./scene.ts";

const cleanUp = useCleanUp();

/** Starts and time enough for a cut to take some of both. */
const LIMITS = { deadlineMs: 15_000, stabilizationMs: 1500, maxBoots: 3 } as const;

/** How an update may end depends on what of its state had reached the disk. */
const CUTS: readonly (readonly [HostState["kind"], Behaviour, readonly TargetView["state"][]])[] = [
  ["staged", "good", ["failed", "healthy"]],
  ["activating", "good", ["failed", "healthy"]],
  ["probation", "good", ["failed", "healthy"]],
  ["committed", "good", ["healthy"]],
  ["rolling_back", "crashes", ["rolled_back"]],
];

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.set(cleanUp, "power");
});

test("a power cut right after the enrolment loses none of it", async () => {
  const { host } = scene;
  await host.box.cut();
  const since = performance.now();
  await host.box.boot();
  await assertGood(scene, "1.0.0", {
    scenario: "power cut",
    injected: "right after the enrolment, unsynced data lost",
    said: "online 1.0.0",
    since,
  });
});

test.each(CUTS)(
  "a power cut while an update is %s leaves a good version",
  async (state, behaviour, endings) => {
    const { host } = scene;
    const { id, before, version } = await scene.frozenAt(state, behaviour, LIMITS);
    await host.box.cut();
    const since = performance.now();
    await host.box.boot();
    const target = await scene.ended(id);
    expect(endings).toContain(target.state);
    const survivor = target.state === "healthy" ? version : before;
    expect(target).toMatchObject({ survivingVersion: survivor });
    await assertGood(scene, survivor, {
      scenario: "power cut",
      injected: `while ${state}, unsynced data lost`,
      said: wordsOf(target),
      since,
    });
  },
);
