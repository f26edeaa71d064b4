import { mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { execPath } from "node:process";
import { describe, expect, test } from "vitest";
import { statusOf } from "../commands/status.ts";
import { namesIn } from "../fs/reading.ts";
import { writeJournal } from "../journal/journal-store.ts";
import { preparedHost, type PreparedHost } from "../testing/prepared-host.ts";
import { createSigner, handoffFor, handOver, writeAssets } from "../testing/release-fixture.ts";
import { applyHandoffs } from "../apply/apply.ts";
import { NEW_JOURNAL } from "@muster/core";
import type { HostFs } from "../ports.ts";
import { decideStart } from "./decide.ts";
import { prepareLaunch } from "./launch.ts";

/** 1.1.0 runs, 1.0.0 is the last good version. */
async function updated(floor?: string): Promise<PreparedHost> {
  const prepared = await preparedHost();
  const release = await prepared.release("1.1.0", floor === undefined ? {} : { floor });
  handOver(prepared.layout, release, handoffFor(release));
  await applyHandoffs(prepared.host);
  expect(statusOf(prepared.host)).toMatchObject({ current: "1.1.0", lastGood: "1.0.0" });
  return prepared;
}

const tree = ({ layout }: PreparedHost, version: string) => `${layout.versions}/${version}`;

function damageJournal({ layout }: PreparedHost): void {
  writeFileSync(layout.journalA, "garbage");
  writeFileSync(layout.journalB, "");
}

function fails(): never {
  throw new Error("no space");
}

/** A disk on which nothing happens any more after a number of steps. */
function cutOffAfter(steps: number, fs: HostFs): HostFs {
  let taken = 0;
  const counted = <A extends readonly unknown[], R>(step: (...values: A) => R) => {
    return (...values: A): R => {
      taken += 1;
      if (taken > steps) throw new Error("cut off");
      return step(...values);
    };
  };
  return {
    createFile: counted(fs.createFile),
    createFolder: counted(fs.createFolder),
    createLink: counted(fs.createLink),
    rename: counted(fs.rename),
    removeFile: counted(fs.removeFile),
    removeFolder: counted(fs.removeFolder),
    syncFolder: counted(fs.syncFolder),
  };
}

async function isCutOff(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (error instanceof Error && error.message === "cut off") return true;
    throw error;
  }
}

test("a payload for Node runs on the package's Node, in its own tree, and is told where it is", async () => {
  const prepared = await preparedHost();
  const launch = await prepareLaunch(prepared.host);
  expect(launch).toMatchObject({
    version: "1.0.0",
    folder: tree(prepared, "1.0.0"),
    file: execPath,
    args: [`${tree(prepared, "1.0.0")}/agent.mjs`],
  });
  expect(launch.env).toMatchObject({
    MUSTER_ROOT: prepared.layout.root,
    MUSTER_VERSION: "1.0.0",
    MUSTER_PACKAGE_DIR: prepared.packageFolder,
  });
  expect(prepared.said).toEqual(["muster: starting 1.0.0"]);
});

test("any other payload is started itself", async () => {
  const prepared = await preparedHost();
  const files = { "bin/agent": { content: "// 1.1.0\n", mode: "0755" } } as const;
  const release = await prepared.signer.release({ version: "1.1.0", files });
  handOver(prepared.layout, release, handoffFor(release));
  await applyHandoffs(prepared.host);
  expect(await prepareLaunch(prepared.host)).toMatchObject({
    file: `${tree(prepared, "1.1.0")}/bin/agent`,
    args: [],
  });
});

describe("trouble with trust never stops the agent", () => {
  test.for<[string, (prepared: PreparedHost) => void]>([
    ["missing", ({ packageFolder }) => rmSync(`${packageFolder}/trust-anchor.json`)],
    ["damaged", ({ packageFolder }) => writeFileSync(`${packageFolder}/trust-anchor.json`, "{")],
    [
      "for other keys",
      ({ packageFolder }) => writeFileSync(`${packageFolder}/trust-anchor.json`, createSigner().anchor),
    ],
    [
      "without the signatures it is for",
      ({ layout }) => {
        for (const name of namesIn(layout.manifests))
          if (name.endsWith(".sig")) rmSync(`${layout.manifests}/${name}`);
      },
    ],
  ])("a trust anchor that is %s: what runs is started, and that is said", async ([, damage]) => {
    const prepared = await updated();
    damage(prepared);
    const { host, said } = prepared.again({ pid: 200 });
    expect(await prepareLaunch(host)).toMatchObject({ version: "1.1.0" });
    expect(said[0]).toContain("TRUST_ANCHOR_INVALID");
  });
});

describe("a damaged version gives way to a good one", () => {
  test.for<[string, (folder: string) => void]>([
    ["other content", (folder) => writeFileSync(`${folder}/agent.mjs`, "// 1.1.9\n")],
    ["a file that is missing", (folder) => rmSync(`${folder}/agent.mjs`)],
    [
      "a link for a file",
      (folder) => {
        rmSync(`${folder}/agent.mjs`);
        symlinkSync("/etc/hostname", `${folder}/agent.mjs`);
      },
    ],
    ["no tree at all", (folder) => rmSync(folder, { recursive: true })],
  ])("%s", async ([, damage]) => {
    const prepared = await updated();
    damage(tree(prepared, "1.1.0"));
    expect(await prepareLaunch(prepared.host)).toMatchObject({ version: "1.0.0" });
    expect(readlinkSync(prepared.layout.current)).toBe("versions/1.0.0");
  });

  test("a manifest that says another thing than was signed", async () => {
    const prepared = await updated();
    const path = `${prepared.layout.manifests}/1.1.0.json`;
    writeFileSync(path, readFileSync(path, "utf8").replace('"notes":""', '"notes":"x"'));
    expect(await prepareLaunch(prepared.host)).toMatchObject({ version: "1.0.0" });
  });

  test("files besides the listed ones are nobody's business", async () => {
    const prepared = await updated();
    writeFileSync(`${tree(prepared, "1.1.0")}/core.1234`, "left by a crash");
    expect(await prepareLaunch(prepared.host)).toMatchObject({ version: "1.1.0" });
  });

  test.for<[string, (current: string) => void]>([
    ["is gone", (current) => rmSync(current)],
    [
      "points elsewhere",
      (current) => {
        rmSync(current);
        symlinkSync("/etc", current);
      },
    ],
    [
      "points at nothing",
      (current) => {
        rmSync(current);
        symlinkSync("versions/7.7.7", current);
      },
    ],
  ])("a current that %s", async ([, damage]) => {
    const prepared = await updated();
    damage(prepared.layout.current);
    expect(await prepareLaunch(prepared.host)).toMatchObject({ version: "1.0.0" });
  });

  test("with nothing good left, the package's seed is installed", async () => {
    const prepared = await updated();
    writeAssets(`${prepared.packageFolder}/seed`, await prepared.release("0.9.0"));
    rmSync(prepared.layout.versions, { recursive: true });
    mkdirSync(prepared.layout.versions);
    expect(await prepareLaunch(prepared.host)).toMatchObject({ version: "0.9.0" });
    expect(statusOf(prepared.host)).toMatchObject({
      current: "0.9.0",
      versions: [{ version: "0.9.0", tree: "intact" }],
    });
  });

  test("with nothing at all it says so", async () => {
    const prepared = await updated();
    rmSync(prepared.layout.versions, { recursive: true });
    await expect(prepareLaunch(prepared.host)).rejects.toThrow(
      expect.objectContaining({ code: "HOST_NO_VERSION" }),
    );
  });
});

describe("a journal that cannot be read", () => {
  test("is set aside, and the last good version runs", async () => {
    const prepared = await updated();
    damageJournal(prepared);
    const { host, said } = prepared.again({});
    expect(await prepareLaunch(host)).toMatchObject({ version: "1.0.0" });
    expect(said[0]).toContain("HOST_STATE_CORRUPT");
    expect(namesIn(prepared.layout.setAside)).toEqual(["journal.a", "journal.b"]);
  });

  test("leads back to the last good version, wherever the start that sets it aside is cut off", async () => {
    for (let steps = 0, cut = true; cut; steps += 1) {
      const prepared = await updated();
      damageJournal(prepared);
      const { host } = prepared.again({ pid: 300 });
      cut = await isCutOff(decideStart({ ...host, fs: cutOffAfter(steps, host.fs) }));
      const next = await decideStart(prepared.again({ pid: 301 }).host);
      expect({ steps, next }).toMatchObject({ steps, next: { kind: "start", version: "1.0.0" } });
    }
  });

  test("does not take a host below its floor", async () => {
    const prepared = await updated("1.1.0");
    damageJournal(prepared);
    expect(await prepareLaunch(prepared.host)).toMatchObject({ version: "1.1.0" });
    const older = await prepared.release("1.0.5");
    handOver(prepared.layout, older, { ...handoffFor(older), allowDowngrade: true });
    expect(await applyHandoffs(prepared.host)).toMatchObject({ outcome: { code: "UPDATE_BELOW_FLOOR" } });
  });

  test("in one generation does no harm", async () => {
    const prepared = await updated();
    writeJournal(prepared.host, { ...NEW_JOURNAL, generation: 1000, bad: [] });
    writeFileSync(prepared.layout.journalA, "garbage");
    expect(await prepareLaunch(prepared.host)).toMatchObject({ version: "1.1.0" });
  });
});

describe("what cannot be written down does not keep a good version from running", () => {
  test.for(["journal.lock", "journal.a", "journal.b", "current.new"])(
    "a folder in the way at %s",
    async (name) => {
      const prepared = await updated();
      rmSync(`${prepared.layout.root}/${name}`, { force: true });
      mkdirSync(`${prepared.layout.root}/${name}/inside`, { recursive: true });
      expect(await prepareLaunch(prepared.host)).toMatchObject({ version: "1.1.0" });
    },
  );

  test("a disk that is full while a version is on probation", async () => {
    const prepared = await preparedHost({ behaviours: { "1.1.0": "silent" } });
    const release = await prepared.release("1.1.0");
    handOver(prepared.layout, release, handoffFor(release));
    const { host } = prepared.again({
      behaviours: { "1.1.0": "silent" },
      onStart: () => {
        throw new Error("killed");
      },
    });
    await expect(applyHandoffs(host)).rejects.toThrow("killed");
    const full = prepared.again({ pid: 300 });
    const broken = { ...full.host, fs: { ...full.host.fs, createFolder: fails, createFile: fails } };
    expect(await prepareLaunch(broken)).toMatchObject({ version: "1.1.0" });
    expect(full.said[0]).toContain("no space");
  });
});
