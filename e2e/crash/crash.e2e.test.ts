import { mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { PROJECT, useCleanUp } from "../fleet.ts";
import { powerCutFiles, withoutSync } from "./controls.ts";
import { prepareGround, type CrashGround } from "./ground.ts";
import { CUT_LAYERS, cutOff, dropScenario, prepareScenario } from "./matrix.ts";
import { missingRequirements } from "./requirements.ts";
import { scenarios } from "./scenarios.ts";

const cleanUp = useCleanUp();
const stop = new AbortController().signal;
let ground: CrashGround;

beforeAll(async () => {
  const missing = missingRequirements();
  if (missing.length > 0) throw new Error(`the crash matrix needs what is not here: ${missing.join(", ")}`);
  const folder = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "muster-crash-"));
  cleanUp.defer(() => rm(folder, { recursive: true }));
  ground = await prepareGround(folder, join(PROJECT, "dist/host"));
});

/** A prime, so that the points are not always the same kind of call. `npm run test:crash` takes many more. */
const STRIDE = 53;

test("no host is lost, wherever its updater is cut off", { timeout: 300_000 }, async () => {
  for (const scenario of scenarios(ground)) {
    const prepared = await prepareScenario(scenario, ground);
    expect(prepared.points.length).toBeGreaterThan(10);
    for (const layer of CUT_LAYERS) {
      const { lost } = await cutOff(prepared, ground, { layer, stride: STRIDE, jobs: 1, stop });
      expect({ layer, scenario: scenario.name, lost }).toEqual({ layer, scenario: scenario.name, lost: [] });
    }
    await dropScenario(prepared);
  }
});

test("a power cut takes what was not synced, and nothing else", async () => {
  expect(await powerCutFiles(ground, "nothing")).toMatchObject({ synced: "synced", unsynced: "" });
});

test("a power cut after the journal was written leaves names without their content", async () => {
  expect(await powerCutFiles(ground, "metadata")).toEqual({ synced: "synced", unsynced: "", replaced: "" });
});

test("an updater that forgets to sync loses hosts", async () => {
  const { tried, lost } = await withoutSync(ground, { stride: STRIDE, jobs: 1, stop });
  expect(tried).toBeGreaterThan(3);
  expect(lost.length).toBeGreaterThan(0);
});
