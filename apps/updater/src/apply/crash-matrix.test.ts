import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareVersions, hostLayout, type ErrorCode, type HostLayout, type Version } from "@muster/core";
import { decideStart } from "../boot/decide.ts";
import { seed } from "../commands/seed.ts";
import { namesIn } from "../fs/reading.ts";
import { readJournal } from "../journal/journal-store.ts";
import { readOutcome } from "../outcomes/outcome-store.ts";
import { crashedDisk, type Loss } from "../testing/crash-disk.ts";
import { recordingFs, type Operation } from "../testing/recording-fs.ts";
import { createSigner, handoffFor, handOver, writeAssets } from "../testing/release-fixture.ts";
import { simulatedHost, type Behaviour, type SimulatedOptions } from "../testing/simulated-host.ts";
import { inspectTree } from "../versions/inspect-tree.ts";
import { linkedVersion } from "../versions/links.ts";
import { applyHandoffs } from "./apply.ts";

const signer = createSigner();
const limits = { deadlineMs: 2000, stabilizationMs: 1000, maxBoots: 3 };
const OLD_CONFIG = '{"setting":"old"}';
let folder: string;
let packageFolder: string;

beforeAll(() => {
  folder = mkdtempSync(existsSync("/dev/shm") ? "/dev/shm/updater-crash-" : "/tmp/updater-crash-");
  packageFolder = `${folder}/package`;
  mkdirSync(packageFolder);
  writeFileSync(`${packageFolder}/trust-anchor.json`, signer.anchor);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Scenario {
  readonly name: string;
  readonly behaviour: Behaviour;
  readonly preflightFails?: boolean;
  /** What an update that nothing interrupts comes to. */
  readonly undisturbed: {
    readonly result: string;
    readonly code: ErrorCode | null;
    readonly version: Version;
  };
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: "a good version",
    behaviour: "healthy",
    undisturbed: { result: "healthy", code: null, version: "1.1.0" },
  },
  {
    name: "a crashing version",
    behaviour: "crashing",
    undisturbed: { result: "rolled_back", code: "PROBATION_CRASHED", version: "1.0.0" },
  },
  {
    name: "a silent version",
    behaviour: "silent",
    undisturbed: { result: "rolled_back", code: "PROBATION_DEADLINE", version: "1.0.0" },
  },
  {
    name: "a version that does not pass its preflight",
    behaviour: "healthy",
    preflightFails: true,
    undisturbed: { result: "failed", code: "PREFLIGHT_FAILED", version: "1.0.0" },
  },
];

function release(version: Version, floor: Version) {
  return signer.release({
    version,
    floor,
    files: {
      "agent.mjs": { content: `// ${version}\n` },
      "data/words.txt": { content: `words of ${version}` },
    },
  });
}

/** A host that runs 1.0.0 and has been handed 1.1.0, with a kept older version. */
async function prepare(root: string): Promise<void> {
  const { host } = simulatedHost({ root, packageFolder, behaviours: {} });
  writeAssets(`${root}.seed`, await release("0.9.0", "0.1.0"));
  await seed(host, [`${root}.seed`]);
  const first = await release("1.0.0", "0.9.0");
  handOver(host.layout, first, handoffFor(first, { limits }));
  await applyHandoffs(host);
  writeFileSync(`${host.layout.config}/agent.conf`, OLD_CONFIG);
  const next = await release("1.1.0", "1.0.0");
  handOver(host.layout, next, handoffFor(next, { limits }));
}

function optionsFor(scenario: Scenario, layout: HostLayout): Omit<SimulatedOptions, "root"> {
  return {
    packageFolder,
    behaviours: { "1.1.0": scenario.behaviour },
    // The new version migrates the configuration as soon as it runs.
    onStart: (version) => {
      if (version !== "1.1.0") return;
      writeFileSync(`${layout.config}/agent.conf`, '{"setting":"new"}');
      writeFileSync(`${layout.config}/added.conf`, "new");
    },
    ...(scenario.preflightFails === true
      ? { preflight: () => ({ exitCode: 1, stderr: "cannot start" }) }
      : {}),
  };
}

async function recordUpdate(scenario: Scenario, root: string): Promise<readonly Operation[]> {
  const { fs, operations } = recordingFs();
  const { host } = simulatedHost({ ...optionsFor(scenario, hostLayout(root)), root, fs });
  const ending = await applyHandoffs(host);
  const { result, version } = scenario.undisturbed;
  expect(ending).toMatchObject({ kind: "ended", outcome: { result, survivingVersion: version } });
  return operations;
}

/** The ways in which a crash can leave the disk, at each step. */
const losses = (step: number): readonly Loss[] => [
  { kind: "killed" },
  { kind: "synced" },
  { kind: "metadata" },
  { kind: "mixed", seed: step },
];

describe.each(SCENARIOS)("cut off at any step of an update to $name", (scenario) => {
  test("a host starts a good version, comes to rest, and has its outcome", { timeout: 300_000 }, async () => {
    const root = `${folder}/${scenario.behaviour}-${scenario.undisturbed.result}`;
    await prepare(`${root}-before`);
    cpSync(`${root}-before`, root, { recursive: true, verbatimSymlinks: true });
    const operations = await recordUpdate(scenario, root);
    expect(operations.length).toBeGreaterThan(40);
    const seen = new Set<string>();
    const lost: string[] = [];
    for (let step = 0; step <= operations.length; step += 1) {
      for (const loss of losses(step)) {
        const after = `${root}-after`;
        const disk = crashedDisk({ root, from: `${root}-before` }, operations.slice(0, step), loss);
        // Many steps change nothing that a crash would leave.
        const key = `${bootAfter(loss)} ${disk.digest}`;
        if (seen.has(key)) continue;
        seen.add(key);
        disk.writeTo(after);
        const problem = await problemOf(expectRecovery(scenario, after, loss));
        const where = `step ${step} (${operations[step - 1]?.kind ?? "none"}), ${JSON.stringify(loss)}`;
        if (problem !== null) lost.push(`after ${where}: ${problem}`);
        rmSync(after, { recursive: true });
      }
    }
    report({ scenario: scenario.name, points: seen.size, lost });
    expect(lost).toEqual([]);
  });
});

async function problemOf(recovery: Promise<void>): Promise<string | null> {
  try {
    await recovery;
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** For `npm run test:crash`: one line of JSON for each scenario, in the file that it names. */
function report(row: {
  readonly scenario: string;
  readonly points: number;
  readonly lost: readonly string[];
}): void {
  const file = process.env["MUSTER_CRASH_REPORT"];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
}

/** A process that is killed leaves its boot going on; losing what was not synced takes a power cut. */
function bootAfter(loss: Loss): string {
  return loss.kind === "killed" ? "boot-1" : "boot-2";
}

async function expectRecovery(scenario: Scenario, root: string, loss: Loss): Promise<void> {
  const bootId = bootAfter(loss);
  const layout = hostLayout(root);
  const options = { ...optionsFor(scenario, layout), root, bootId, pid: 300 };

  // The first thing after a crash is a start of the payload.
  const { host } = simulatedHost(options);
  const started = await decideStart(host);
  expectGood(host, started.kind === "start" ? started.version : null);
  const floor = floorOf(layout);
  expect(compareVersions(floor, "0.9.0")).toBeGreaterThanOrEqual(0);

  // Then the updater runs again, and everything happens as it would have.
  const again = simulatedHost({ ...options, pid: 301 });
  await applyHandoffs(again.host);
  const reading = readJournal(again.host);
  expect(reading).toMatchObject({ kind: "read", journal: { state: { kind: "steady" } } });
  const current = linkedVersion(layout.current);
  expectGood(again.host, current);
  expect(compareVersions(floorOf(layout), floor)).toBeGreaterThanOrEqual(0);
  const outcome = readOutcome(again.host, "target-1-1-0");
  expect(outcome?.survivingVersion).toBe(current);
  // It ends as it would have, or was cut off before its switch.
  const { result, code } = scenario.undisturbed;
  expect([`${result} ${code}`, "failed UPDATE_INTERRUPTED"]).toContain(`${outcome?.result} ${outcome?.code}`);
  expect(current).toBe(outcome?.result === "healthy" ? "1.1.0" : "1.0.0");
  if (current === "1.0.0") expectOldConfig(layout);
  expect(namesIn(layout.staging)).toEqual([]);
  expect(leftovers(layout.root)).toEqual([]);
  for (const version of namesIn(layout.versions)) expectGood(again.host, version);

  // And the next start, after another reboot, changes nothing any more.
  const later = simulatedHost({ ...options, bootId: "boot-3", pid: 302 });
  expect(await decideStart(later.host)).toMatchObject({ kind: "start", version: current, record: null });
}

function expectGood(host: Parameters<typeof inspectTree>[0], version: Version | null): void {
  expect(version).not.toBeNull();
  expect(inspectTree(host, version ?? "")).toMatchObject({ version, tree: "intact" });
}

function floorOf(layout: HostLayout): Version {
  const reading = readJournal({ layout });
  return (reading.kind === "read" ? reading.journal.floor : null) ?? "0.0.0";
}

/** Work in progress, locks, and halves of replacements, anywhere on the host. */
function leftovers(root: string): readonly string[] {
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  return names.filter((name) => /^tmp\/|\.new$|\.restoring$|\.replaced$|\.lock(\.|\/|$)/.test(name));
}

function expectOldConfig(layout: HostLayout): void {
  expect(readFileSync(`${layout.config}/agent.conf`, "utf8")).toBe(OLD_CONFIG);
  expect(existsSync(`${layout.config}/added.conf`)).toBe(false);
}
