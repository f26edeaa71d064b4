import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { PROJECT, useCleanUp } from "../fleet.ts";
import { parseCrashArguments } from "./arguments.ts";
import { prepareGround, type CrashGround } from "./ground.ts";
import { thisBoot, type CrashHost } from "./host/crash-host.ts";
import { succeed } from "./host/process.ts";
import { recoveryProblems, type Expectations } from "./recovery.ts";
import { shareOf, tableOf } from "./row.ts";
import { cutPoints } from "./trace/system-calls.ts";

const cleanUp = useCleanUp();
let folder: string;
let ground: CrashGround;
let host: CrashHost;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-crash-harness-"));
  cleanUp.defer(() => rm(folder, { recursive: true }));
  ground = await prepareGround(folder, join(PROJECT, "dist/host"));
});

beforeEach(async () => {
  const root = join(folder, crypto.randomUUID());
  await mkdir(root);
  host = thisBoot({ root, packageFolder: ground.barePackage, node: ground.node }, ground.bootId);
  await succeed(host.command(["seed", ground.releases.old.folder]));
});

const problems = (expected: Partial<Expectations> = {}) =>
  recoveryProblems(host, {
    scenario: { target: null, endings: [{ current: "1.0.0", outcome: null }] },
    floor: "0.9.0",
    settings: false,
    anchor: ground.anchor,
    ...expected,
  });

test("a host with nothing wrong is not lost", async () => {
  expect(await problems()).toEqual([]);
});

test("a host whose only version is damaged is lost", async () => {
  await truncate(join(host.layout.versions, "1.0.0/bin/agent"), 0);
  expect(await problems()).toEqual(["no version is started"]);
});

test("a host with another file in a version is lost", async () => {
  await writeFile(join(host.layout.versions, "1.0.0/extra"), "");
  expect(await problems()).toContain("1.0.0: extra is not in the manifest");
});

test("a host whose floor has fallen is lost", async () => {
  expect(await problems({ floor: "0.9.5" })).toEqual(["the floor is 0.9.0, and was 0.9.5"]);
});

test("a host that owes an outcome is lost", async () => {
  const scenario: Expectations["scenario"] = {
    target: "target-1-1-0",
    endings: [{ current: "1.0.0", outcome: "failed UPDATE_INTERRUPTED" }],
  };
  expect(await problems({ scenario })).toEqual(["target-1-1-0 has 0 outcomes"]);
});

test("a host without the settings it had is lost", async () => {
  expect(await problems({ settings: true })).toEqual(["the settings are not those of the version that runs"]);
});

test("a host on which work in progress stays is lost", async () => {
  await mkdir(join(host.layout.root, "elsewhere"));
  await writeFile(join(host.layout.root, "elsewhere/outcome.json.new"), "");
  expect(await problems()).toEqual(["elsewhere/outcome.json.new is left over"]);
});

test("a host on which half a version stands beside the one that runs is lost", async () => {
  await mkdir(join(host.layout.versions, "1.1.0"));
  await symlink("versions/1.1.0", `${host.layout.current}.other`);
  await rename(`${host.layout.current}.other`, host.layout.lastGood);
  expect(await problems()).toEqual([expect.stringMatching(/^1\.1\.0: ENOENT/)]);
});

test("the points of a recording are the calls that change the state folder, each with its number", () => {
  const recording = [
    'openat(AT_FDCWD</>, "/etc/ssl/openssl.cnf", O_RDONLY) = 3</etc/ssl/openssl.cnf>',
    'openat(AT_FDCWD</>, "/state/journal.a.new", O_WRONLY|O_CREAT|O_EXCL, 0644) = 17</state/journal.a.new>',
    'write(1<pipe:[5]>, ""..., 3) = 3',
    'write(17</state/journal.a.new>, ""..., 99) = 99',
    'openat(AT_FDCWD</>, "/state", O_RDONLY|O_DIRECTORY) = 18</state>',
    "fsync(18</state>)                       = 0",
    'mkdir("/state/tmp", 0711)               = -1 EEXIST (File exists)',
    'rename("/statement/a", "/statement/b")  = 0',
    'rename("/state/journal.a.new", "/state/journal.a") = 0',
  ].join("\n");
  expect(cutPoints(recording, "/state").map(({ call, occurrence }) => [call, occurrence])).toEqual([
    ["openat", 2],
    ["write", 2],
    ["fsync", 1],
    ["rename", 2],
  ]);
});

test("the table has a line for each row, and their sum", () => {
  const rows = [
    { layer: "killed", scenario: "one", points: 10, tried: 5, lost: [], seconds: 1.25 },
    { layer: "power cut", scenario: "two", points: 8, tried: 8, lost: ["why"], seconds: 2 },
  ];
  expect(tableOf(rows).split("\n").slice(2)).toEqual([
    "killed     one           10      5           0      1.3",
    "power cut  two            8      8           1      2.0",
    "all                      18     13           1      3.3",
  ]);
  expect(shareOf(rows)).toBe("13 of 18 points (72 %)");
});

test("all points are tried in full, and every third by default", () => {
  expect(parseCrashArguments(["--full"])).toMatchObject({ stride: 1 });
  expect(parseCrashArguments([])).toMatchObject({ stride: 3 });
  expect(parseCrashArguments(["--layer", "killed"])).toMatchObject({ layers: ["killed"] });
  expect(() => parseCrashArguments(["--layer", "unknown"])).toThrow('there is no layer "unknown"');
  expect(() => parseCrashArguments(["--full", "--stride", "2"])).toThrow("exclude each other");
});
