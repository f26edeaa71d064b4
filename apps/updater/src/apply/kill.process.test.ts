import { spawn } from "node:child_process";
import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { namesIn } from "../fs/reading.ts";
import { readJournal } from "../journal/journal-store.ts";
import { linkedVersion } from "../versions/links.ts";
import { createSigner, handoffFor, handOver, type FixtureRelease } from "../testing/release-fixture.ts";
import { tinyAgent } from "../testing/tiny-agent.ts";
import {
  buildPackage,
  bundle,
  createTestHost,
  endOf,
  eventually,
  type TestHost,
  type UpdaterPackage,
} from "../testing/updater-process.ts";

const KILL_AFTER = fileURLToPath(new URL("../testing/kill-after.ts", import.meta.url));
const signer = createSigner();
const TARGET = "target-1-1-0";
const limits = { deadlineMs: 1000, stabilizationMs: 0, maxBoots: 5 };
let installed: UpdaterPackage;
let killer: string;
let next: FixtureRelease;

const release = (version: string) =>
  signer.release({ version, files: tinyAgent(version), entrypoint: "bin/agent.mjs" });

beforeAll(async () => {
  installed = buildPackage(signer.anchor, await release("1.0.0"));
  killer = `${installed.folder}/kill-after.mjs`;
  bundle(KILL_AFTER, killer);
  next = await release("1.1.0");
});
afterAll(() => installed.remove());

/**
 * Takes an update to its end, with nothing to keep the payload running, so that it goes through all there is: staging,
 * switch, probation, and at the deadline the way back. False if it was killed on the way.
 */
async function appliedWithin(steps: number, { layout }: TestHost): Promise<boolean> {
  const args = [killer, String(steps), installed.folder, "apply", "--root", layout.root];
  const { signal } = await endOf(spawn(execPath, args, { stdio: ["ignore", "pipe", "pipe"] }));
  return signal !== "SIGKILL";
}

async function killAndRecover(steps: number): Promise<"killed" | "ended"> {
  const host = createTestHost(installed);
  try {
    expect(await host.run("recover")).toMatchObject({ code: 0 });
    handOver(host.layout, next, handoffFor(next, { limits }));
    const ended = await appliedWithin(steps, host);
    host.supervise();
    const outcome = await host.outcome(TARGET);
    const version = outcome.result === "healthy" ? "1.1.0" : "1.0.0";
    await host.started(version);
    await eventually("the updater to end", () => (lockIsThere(host) ? null : true));
    expect({ ...outcome, current: linkedVersion(host.layout.current) }).toMatchObject({
      survivingVersion: version,
      current: version,
    });
    expect(readJournal(host)).toMatchObject({ journal: { state: { kind: "steady" } } });
    expect([namesIn(host.layout.temporary), namesIn(host.layout.staging)]).toEqual([[], []]);
    return ended ? "ended" : "killed";
  } finally {
    await host.end();
  }
}

function lockIsThere({ layout }: TestHost): boolean {
  return namesIn(layout.root).some((name) => name.startsWith("updater.lock"));
}

/** `MUSTER_TEST_KILL_EVERY=1` takes every step; the matrix over the recorded steps beside this file always does. */
const EVERY = Number(process.env["MUSTER_TEST_KILL_EVERY"] ?? 5);
/** Most of a run is waiting. */
const AT_ONCE = 3;

test("a host whose updater is killed at any step runs a good version, and the update has its outcome", async () => {
  let steps = 1;
  let killed = 0;
  let ended = false;
  const work = async () => {
    while (!ended) {
      const mine = steps;
      steps += EVERY;
      if ((await killAndRecover(mine)) === "ended") ended = true;
      else killed += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect(killed * EVERY).toBeGreaterThan(80);
}, 900_000);
