import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { namesIn } from "../fs/reading.ts";
import {
  createSigner,
  handoffFor,
  handOver,
  type FixtureOptions,
  type FixtureRelease,
} from "../testing/release-fixture.ts";
import { makePipe } from "../testing/make-pipe.ts";
import { tinyAgent, type TinyBehaviour } from "../testing/tiny-agent.ts";
import {
  buildPackage,
  createTestHost,
  eventually,
  isRunning,
  type TestHost,
  type UpdaterPackage,
} from "../testing/updater-process.ts";

const signer = createSigner();
const limits = { deadlineMs: 60_000, stabilizationMs: 100, maxBoots: 2 };
let installed: UpdaterPackage;
let host: TestHost;

const release = (
  version: string,
  behaviour: TinyBehaviour = "healthy",
  options: Partial<FixtureOptions> = {},
) =>
  signer.release({ version, files: tinyAgent(version, behaviour), entrypoint: "bin/agent.mjs", ...options });
const targetOf = ({ manifest }: FixtureRelease) => `target-${manifest.version.replaceAll(".", "-")}`;

beforeAll(async () => {
  installed = buildPackage(signer.anchor, await release("1.0.0"));
});
afterAll(() => installed.remove());
beforeEach(() => {
  host = createTestHost(installed);
});
afterEach(() => host.end());

/** A supervised host that runs the package's seed. */
async function running(): Promise<number> {
  host.supervise();
  return (await host.started("1.0.0")).pid;
}

async function update(next: FixtureRelease, changes: Parameters<typeof handoffFor>[1] = {}) {
  handOver(host.layout, next, handoffFor(next, { limits, ...changes }));
  return host.outcome(targetOf(next));
}

// Only root can become somebody else.
test.runIf(process.getuid?.() === 0)(
  "a payload of root's supervisor runs as the owner of the agent's folder, who cannot change its code",
  async () => {
    const nobody = 65_534;
    chmodSync(host.layout.root, 0o755);
    mkdirSync(host.layout.run);
    chownSync(host.layout.run, nobody, nobody);
    const pid = await running();
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    expect(status).toMatch(/^Uid:\s+65534\s+65534\s+65534\s+65534$/m);
    expect(status).toMatch(/^Gid:\s+65534\s+65534\s+65534\s+65534$/m);
    expect(status).toMatch(/^Groups:\s+65534\s*$/m);
    const entrypoint = statSync(`${host.layout.current}/bin/agent.mjs`);
    expect({ uid: entrypoint.uid, mode: entrypoint.mode & 0o022 }).toEqual({ uid: 0, mode: 0 });
  },
);

/** Nothing of an update is left lying about. */
async function expectTidy(): Promise<void> {
  await eventually("the updater to end", async () => (host.status().updaterPid === null ? true : null));
  expect(namesIn(host.layout.temporary)).toEqual([]);
  expect(namesIn(host.layout.staging)).toEqual([]);
  expect(host.status().state).toEqual({ kind: "steady" });
}

describe("a good version", { timeout: 60_000 }, () => {
  test("replaces the old one, which is gone, and is told who and where it is", async () => {
    const before = await running();
    const next = await release("1.1.0");
    const outcome = await update(next);
    expect(outcome).toMatchObject({
      result: "healthy",
      survivingVersion: "1.1.0",
      fromVersion: "1.0.0",
      code: null,
    });
    const { pid, ...started } = await host.started("1.1.0");
    expect(started).toEqual({
      cwd: `${host.layout.versions}/1.1.0`,
      MUSTER_ROOT: host.layout.root,
      MUSTER_VERSION: "1.1.0",
      MUSTER_PACKAGE_DIR: installed.folder,
    });
    expect(isRunning(before)).toBe(false);
    expect(isRunning(pid)).toBe(true);
    expect(readlinkSync(host.layout.current)).toBe("versions/1.1.0");
    expect(readlinkSync(host.layout.lastGood)).toBe("versions/1.0.0");
    await expectTidy();
  });

  test("leaves two old versions, and the outcomes nobody has taken", async () => {
    await running();
    for (const version of ["1.1.0", "1.2.0", "1.3.0"]) await update(await release(version));
    writeFileSync(host.layout.acknowledged, JSON.stringify({ schema: 1, targetIds: ["target-1-1-0"] }));
    expect(host.status().outcomes).toEqual(["target-1-2-0", "target-1-3-0"]);
    await update(await release("1.4.0"));
    await expectTidy();
    expect(namesIn(host.layout.versions)).toEqual(["1.2.0", "1.3.0", "1.4.0"]);
    expect(namesIn(host.layout.manifests)).toHaveLength(6);
    expect(host.status().outcomes).toEqual(["target-1-2-0", "target-1-3-0", "target-1-4-0"]);
  });
});

describe("a version that is not good", { timeout: 60_000 }, () => {
  test.for([
    ["broken_preflight", "PREFLIGHT_FAILED", "a library is missing"],
    ["wrong_version", "PREFLIGHT_VERSION_MISMATCH", "9.9.9"],
  ] as const)("in its preflight (%s) changes nothing", async ([behaviour, code, output]) => {
    const before = await running();
    expect(await update(await release("1.1.0", behaviour))).toMatchObject({
      result: "failed",
      code,
      survivingVersion: "1.0.0",
      outputTail: expect.stringContaining(output),
      downtimeMs: null,
    });
    expect(isRunning(before)).toBe(true);
    await expectTidy();
    expect(namesIn(host.layout.versions)).toEqual(["1.0.0"]);
  });

  test("that crashes is taken back with its last words, and is not tried again until it is forgotten", async () => {
    await running();
    const bad = await release("1.1.0", "crashing");
    expect(await update(bad)).toMatchObject({
      result: "rolled_back",
      code: "PROBATION_CRASHED",
      survivingVersion: "1.0.0",
      outputTail: expect.stringMatching(/agent 1\.1\.0 runs\nthe queue cannot be opened/),
    });
    await host.started("1.0.0");
    await expectTidy();
    handOver(host.layout, bad, handoffFor(bad, { targetId: "again", limits }));
    expect(await host.outcome("again")).toMatchObject({ result: "failed", code: "UPDATE_VERSION_BAD" });
    await expectTidy();
    expect(await host.run("forget", "1.1.0")).toMatchObject({
      code: 0,
      output: "1.1.0 may be tried again.\n",
    });
    handOver(host.layout, bad, handoffFor(bad, { targetId: "once-more", limits }));
    expect(await host.outcome("once-more")).toMatchObject({
      result: "rolled_back",
      code: "PROBATION_CRASHED",
    });
  });

  test("that never reports is taken back at its deadline", async () => {
    await running();
    const outcome = await update(await release("1.1.0", "silent"), {
      limits: { ...limits, deadlineMs: 1000 },
    });
    expect(outcome).toMatchObject({
      result: "rolled_back",
      code: "PROBATION_DEADLINE",
      survivingVersion: "1.0.0",
    });
    expect(outcome.outputTail).toContain("agent 1.1.0 runs");
    await host.started("1.0.0");
    await expectTidy();
  });

  test("does not keep the next one from being good", async () => {
    await running();
    await update(await release("1.1.0", "crashing"));
    expect(await update(await release("1.2.0"))).toMatchObject({ result: "healthy", fromVersion: "1.0.0" });
  });
});

describe("what is handed over", { timeout: 60_000 }, () => {
  test.for<[string, string]>([
    ["is no JSON", "{"],
    ["is empty", ""],
    ["is of another form", '{"schema":1,"version":"1.1.0"}'],
    ["is very large", " ".repeat(100_000)],
  ])("and %s is set aside, once, and the next update works", async ([, text]) => {
    const before = await running();
    writeFileSync(host.layout.handoff, text);
    await eventually("the handoff to be set aside", () =>
      existsSync(`${host.layout.setAside}/handoff.json`) ? true : null,
    );
    await expectTidy();
    expect(isRunning(before)).toBe(true);
    expect(await update(await release("1.1.0"))).toMatchObject({ result: "healthy" });
  });

  test("and names a target but is otherwise wrong gets that target's outcome", async () => {
    await running();
    const next = await release("1.1.0");
    const { limits: _, ...wrong } = handoffFor(next);
    writeFileSync(host.layout.handoff, JSON.stringify(wrong));
    expect(await host.outcome(targetOf(next))).toMatchObject({ result: "failed", code: "HANDOFF_INVALID" });
    await expectTidy();
  });

  test.for(["link", "pipe"] as const)(
    "and is a %s is refused without being followed or waited for",
    async (kind) => {
      await running();
      const secret = `${host.layout.root}/secret`;
      writeFileSync(secret, JSON.stringify(handoffFor(await release("1.1.0"), { limits })));
      if (kind === "link") symlinkSync(secret, host.layout.handoff);
      else makePipe(host.layout.handoff);
      await eventually("it to be refused", () =>
        existsSync(`${host.layout.setAside}/handoff.json`) ? true : null,
      );
      await expectTidy();
      expect(existsSync(secret)).toBe(true);
      expect(host.status().outcomes).toEqual([]);
    },
  );

  test("with a link for an archive is refused", async () => {
    await running();
    const next = await release("1.1.0");
    const elsewhere = `${host.layout.root}/elsewhere.tar.gz`;
    writeFileSync(elsewhere, next.archive);
    handOver(host.layout, next, { ...handoffFor(next, { limits }), targetId: "linked" });
    await host.outcome("linked");
    symlinkSync(elsewhere, host.layout.stagedArchive);
    writeFileSync(host.layout.stagedManifest, next.signed.manifest);
    writeFileSync(host.layout.stagedSignature, next.signed.signatures);
    writeFileSync(host.layout.handoff, JSON.stringify(handoffFor(await release("1.2.0"), { targetId: "x" })));
    expect(await host.outcome("x")).toMatchObject({ result: "failed" });
  });
});

describe("two at once", { timeout: 60_000 }, () => {
  test("one happens, the others get a clear answer", async () => {
    await running();
    const first = await release("1.1.0", "waiting");
    handOver(host.layout, first, handoffFor(first, { limits }));
    await host.started("1.1.0");
    expect(await host.run("apply")).toMatchObject({
      code: 5,
      output: expect.stringContaining("UPDATE_IN_PROGRESS"),
    });
    expect(await update(await release("1.2.0"))).toMatchObject({
      result: "failed",
      code: "UPDATE_IN_PROGRESS",
    });
    writeFileSync(`${host.layout.run}/go`, "");
    expect(await host.outcome(targetOf(first))).toMatchObject({ result: "healthy" });
    await expectTidy();
  });

  test("the same target twice is one update", async () => {
    await running();
    const next = await release("1.1.0");
    const outcome = await update(next);
    await expectTidy();
    handOver(host.layout, next, handoffFor(next, { limits }));
    await eventually("the handoff to be taken", () => (existsSync(host.layout.handoff) ? null : true));
    await expectTidy();
    expect(await host.outcome(targetOf(next))).toEqual(outcome);
  });

  test("a second supervisor on the same folder is refused", async () => {
    await running();
    expect(await host.run("supervise")).toMatchObject({ code: 5 });
  });
});

describe("killed", { timeout: 60_000 }, () => {
  test("while it watches, the updater is run again and finishes", async () => {
    await running();
    const next = await release("1.1.0", "waiting");
    handOver(host.layout, next, handoffFor(next, { limits }));
    await host.started("1.1.0");
    process.kill(host.status().updaterPid!, "SIGKILL");
    writeFileSync(`${host.layout.run}/go`, "");
    expect(await host.outcome(targetOf(next))).toMatchObject({ result: "healthy" });
    await expectTidy();
  });

  test("the supervisor leaves a payload behind, which the next one replaces", async () => {
    const supervisor = host.supervise();
    const { pid } = await host.started("1.0.0");
    const gone = once(supervisor, "exit");
    supervisor.kill("SIGKILL");
    await gone;
    expect(isRunning(pid)).toBe(true);
    rmSync(`${host.layout.run}/started.json`);
    await running();
    expect(isRunning(pid)).toBe(false);
  });

  test("the reader of the supervisor's output may go, and the payload is kept running", async () => {
    const supervisor = host.supervise("pipe");
    await host.started("1.0.0");
    supervisor.stdout?.destroy();
    supervisor.stderr?.destroy();
    for (let kills = 0; kills < 2; kills += 1) {
      const { pid } = await host.started("1.0.0");
      rmSync(`${host.layout.run}/started.json`);
      process.kill(pid, "SIGKILL");
    }
    await host.started("1.0.0");
    expect(isRunning(supervisor.pid ?? 0)).toBe(true);
  });

  test("the payload is started again", async () => {
    const pid = await running();
    rmSync(`${host.layout.run}/started.json`);
    process.kill(pid, "SIGKILL");
    expect((await host.started("1.0.0")).pid).not.toBe(pid);
  });
});

test("its status can be read by people and by programs", { timeout: 60_000 }, async () => {
  await running();
  await expectTidy();
  const { code, output } = await host.run("status", "--json");
  expect({ code, status: JSON.parse(output) as unknown }).toMatchObject({
    code: 0,
    status: { current: "1.0.0", versions: [{ version: "1.0.0", tree: "intact" }], payload: "running" },
  });
  expect((await host.run("status")).output).toMatch(/^current +1\.0\.0$/m);
});

test("a supervisor that is told to end takes the payload with it", { timeout: 60_000 }, async () => {
  const supervisor = host.supervise();
  const { pid } = await host.started("1.0.0");
  const gone = once(supervisor, "exit");
  supervisor.kill("SIGTERM");
  expect(await gone).toEqual([0, null]);
  expect(isRunning(pid)).toBe(false);
  expect(readFileSync(host.layout.payloadLog, "utf8")).toContain(
    "muster: starting 1.0.0\nagent 1.0.0 runs\n",
  );
});
