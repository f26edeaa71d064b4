import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { encodeJournal, handoffDecoder, NEW_JOURNAL, parse, type Outcome } from "@muster/core";
import { generateSigningKey } from "@muster/trust";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RunningAgent } from "./agent-options.ts";
import { createReleaseSigner, signRelease } from "./testing/signed-release.ts";
import { createTestHost, type TestHost } from "./testing/test-host.ts";

// Real processes and sockets: a busy machine takes its time.
vi.setConfig({ testTimeout: 30_000 });

const ARCHIVE = Buffer.from("some bytes of an archive. ".repeat(40_000));

let host: TestHost;
beforeEach(async () => {
  host = await createTestHost();
  await host.enrol();
});
afterEach(() => host.close());

const stages = () => [
  ...new Set(
    host.gateway.streams.flatMap(({ reports }) =>
      reports.flatMap((report) => (report.kind === "progress" ? [report.progress.stage] : [])),
    ),
  ),
];
const sendDown = (order: Parameters<NonNullable<ReturnType<TestHost["gateway"]["stream"]>>["send"]>[0]) =>
  host.gateway.stream()?.send(order);
const outcomeOf = async (targetId: string): Promise<Outcome> => {
  const find = () => host.gateway.outcomes().find((outcome) => outcome.targetId === targetId);
  await host.clock.until(() => find() !== undefined, { stepMs: 100 });
  return find()!;
};
const handedOver = () => existsSync(host.layout.handoff);
const inFolder = async (folder: string) => (existsSync(folder) ? await readdir(folder) : []).toSorted();
const soon = (check: () => void | Promise<void>) => vi.waitFor(check, { interval: 2, timeout: 4000 });

/** The code that target-1 was refused with, before anything was downloaded or handed over. */
async function refusal(): Promise<string | null> {
  const { result, code, downtimeMs } = await outcomeOf("target-1");
  const untouched = host.gateway.downloads.length === 0 && !handedOver() && downtimeMs === null;
  return result === "failed" && untouched ? code : null;
}

async function handOver(): Promise<RunningAgent> {
  const agent = await host.connect();
  sendDown(host.gateway.assign(host.release(ARCHIVE)));
  await host.clock.settle(() => agent.status().update.kind === "handed_over");
  return agent;
}

async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

describe("an update", () => {
  test("goes through its stages to the handoff, with everything the updater needs beside it", async () => {
    const agent = await host.connect();
    const release = host.release(ARCHIVE);
    sendDown(host.gateway.assign(release));
    await host.clock.settle(() => agent.status().update.kind === "handed_over");
    await soon(() => expect(stages()).toEqual(["downloading", "verifying", "staging", "restarting"]));
    expect(await host.json(host.layout.handoff)).toEqual({
      schema: 1,
      targetId: "target-1",
      product: "acme-agent",
      version: "1.1.0",
      manifestDigest: release.digest,
      allowDowngrade: false,
      limits: { deadlineMs: 60_000, stabilizationMs: 1000, maxBoots: 3 },
    });
    expect(await readFile(host.layout.stagedManifest)).toEqual(Buffer.from(release.bytes));
    expect(await readFile(host.layout.stagedSignature)).toEqual(Buffer.from(release.signatures));
    expect((await readFile(host.layout.stagedArchive)).equals(ARCHIVE)).toBe(true);
    expect(await inFolder(host.layout.staging)).toHaveLength(4);
    expect(host.gateway.downloads).toEqual([
      { path: "/v1/targets/target-1/artifact", range: null, authorized: true },
    ]);
    expect(host.gateway.outcomes()).toEqual([]);
  });

  test("tells how far the download is, and not too often", async () => {
    await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    await soon(() => expect(handedOver()).toBe(true));
    await soon(() => expect(stages()).toContain("restarting"));
    const told = host.gateway
      .stream()!
      .reports.filter((r) => r.kind === "progress" && r.progress.stage === "downloading");
    expect(told.length).toBeLessThan(5);
    expect(told[0]).toMatchObject({ progress: { totalBytes: ARCHIVE.byteLength } });
  });

  test("to what runs already is done at once, and nothing is downloaded", async () => {
    await host.connect({ version: "1.1.0" });
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    expect(await outcomeOf("target-1")).toMatchObject({
      result: "healthy",
      code: null,
      survivingVersion: "1.1.0",
    });
    expect(host.gateway.downloads).toEqual([]);
  });
});

describe("a download", () => {
  test("goes on where it broke off", async () => {
    host.gateway.behaviour.breaks.push(300_000, 200_000);
    const agent = await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    await host.clock.until(() => agent.status().update.kind === "handed_over");
    const ranges = host.gateway.downloads.map(({ range }) => range);
    expect(ranges[0]).toBeNull();
    expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range ?? ""))).toBe(true);
    expect((await readFile(host.layout.stagedArchive)).equals(ARCHIVE)).toBe(true);
  });

  test("survives the end of the process, which goes on with the same target", async () => {
    host.gateway.behaviour.breaks.push(400_000, 0, 0, 0, 0, 0, 0);
    const first = await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    await soon(() => expect(host.gateway.downloads.length).toBeGreaterThan(0));
    await host.clock.settle(() => host.log.some(({ message }) => message === "download broke off"));
    await first.stop();
    host.gateway.behaviour.breaks.length = 0;
    const before = host.gateway.downloads.length;
    const second = await host.connect();
    expect(host.gateway.stream()?.hello).toMatchObject({ targetId: "target-1", lastSequence: 1 });
    await host.clock.until(() => second.status().update.kind === "handed_over");
    expect(host.gateway.downloads[before]?.range).toMatch(/^bytes=[1-9]/);
    expect((await readFile(host.layout.stagedArchive)).equals(ARCHIVE)).toBe(true);
    expect(host.gateway.outcomes()).toEqual([]);
  });

  test("whose beginning a power cut has damaged is begun anew", async () => {
    host.gateway.behaviour.breaks.push(400_000, 0, 0, 0, 0);
    const first = await host.connect();
    const release = host.release(ARCHIVE);
    sendDown(host.gateway.assign(release));
    await host.clock.settle(() => host.log.some(({ message }) => message === "download broke off"));
    await first.stop();
    host.gateway.behaviour.breaks.length = 0;
    const partial = `${host.layout.staging}/${release.sha256}.part`;
    const { byteLength } = await readFile(partial);
    await writeFile(partial, Buffer.alloc(byteLength));
    const second = await host.connect();
    await host.clock.until(() => second.status().update.kind === "handed_over");
    expect((await readFile(host.layout.stagedArchive)).equals(ARCHIVE)).toBe(true);
  });

  test("from a gateway that knows no ranges is begun anew and still right", async () => {
    host.gateway.behaviour.breaks.push(300_000);
    host.gateway.behaviour.ignoreRanges = true;
    const agent = await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    await host.clock.until(() => agent.status().update.kind === "handed_over");
    expect((await readFile(host.layout.stagedArchive)).equals(ARCHIVE)).toBe(true);
  });

  test("of other bytes of the same size is refused, and nothing is left", async () => {
    await host.connect();
    const release = host.release(ARCHIVE);
    sendDown(host.gateway.assign({ ...release, archive: Buffer.alloc(ARCHIVE.byteLength, 7) }));
    expect(await outcomeOf("target-1")).toMatchObject({ result: "failed", code: "ARTIFACT_DIGEST_MISMATCH" });
    await soon(async () => expect(await inFolder(host.layout.staging)).toEqual([]));
  });

  test("that is longer than signed is cut off", async () => {
    await host.connect();
    const release = host.release(ARCHIVE);
    sendDown(host.gateway.assign({ ...release, archive: Buffer.concat([ARCHIVE, Buffer.alloc(10)]) }));
    expect(await outcomeOf("target-1")).toMatchObject({ result: "failed", code: "ARTIFACT_SIZE_MISMATCH" });
  });

  test("that is not this agent's any more ends the target", async () => {
    host.gateway.behaviour.refuseDownload = "DOWNLOAD_NOT_ALLOWED";
    await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    expect(await outcomeOf("target-1")).toMatchObject({ result: "failed", code: "DOWNLOAD_NOT_ALLOWED" });
  });

  test("waits for a gateway in trouble, but not for ever", async () => {
    host.gateway.behaviour.refuseDownload = "SERVER_OVERLOADED";
    await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    await host.clock.until(() => host.gateway.downloads.length > 3);
    expect(host.gateway.outcomes()).toEqual([]);
    await host.clock.until(() => host.gateway.outcomes().length > 0, { stepMs: 5000, mostMs: 1_800_000 });
    expect(host.gateway.outcomes()[0]).toMatchObject({ code: "DOWNLOAD_FAILED" });
  });
});

describe("an assignment", () => {
  test("that the controller did not sign is worth a warning and nothing else", async () => {
    const agent = await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE), {}, generateSigningKey()));
    await host.clock.settle(() => host.log.some(({ message }) => message === "assignment refused"));
    expect(agent.status().update.kind).toBe("idle");
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    await host.clock.settle(() => agent.status().update.kind === "handed_over");
  });

  test("for another agent is worth a warning and nothing else", async () => {
    await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE), { agentId: "agent-2" }));
    await host.clock.settle(() => host.log.some(({ message }) => message === "assignment refused"));
    expect(host.gateway.downloads).toEqual([]);
  });

  test("counts once: a replayed one does nothing, also after a restart", async () => {
    const agent = await host.connect({ version: "1.1.0" });
    const order = host.gateway.assign(host.release(ARCHIVE));
    sendDown(order);
    await outcomeOf("target-1");
    await host.clock.settle(() => agent.status().update.kind === "idle");
    await agent.stop();
    await host.connect({ version: "1.0.0" });
    sendDown(order);
    await host.clock.settle(() => host.log.some(({ message }) => message === "assignment was taken before"));
    expect(host.gateway.downloads).toEqual([]);
    expect(handedOver()).toBe(false);
  });

  test("that came after its time is refused", async () => {
    await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE), { notAfter: Date.now() - 1000 }));
    expect(await refusal()).toBe("ASSIGNMENT_EXPIRED");
  });

  test("with another manifest is refused", async () => {
    await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE), { manifestDigest: "0".repeat(64) }));
    expect(await refusal()).toBe("MANIFEST_DIGEST_MISMATCH");
  });

  test("of a release that the package's keys did not sign is refused", async () => {
    await host.connect();
    sendDown(host.gateway.assign(signRelease(createReleaseSigner(), ARCHIVE)));
    expect(await refusal()).toBe("SIGNATURE_INVALID");
  });

  test("for another product is refused", async () => {
    await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE, { product: "other-agent" })));
    expect(await refusal()).toBe("MANIFEST_PRODUCT_MISMATCH");
  });

  test("that names another version than its manifest is refused", async () => {
    await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE), { version: "9.9.9" }));
    expect(await refusal()).toBe("ASSIGNMENT_INVALID");
  });

  test("of a release for other platforms is refused", async () => {
    await host.connect();
    const { manifest } = host.release(ARCHIVE);
    const artifacts = manifest.artifacts.map((artifact) => ({ ...artifact, arch: "s390x" as const }));
    sendDown(host.gateway.assign(host.release(ARCHIVE, { artifacts })));
    expect(await refusal()).toBe("ARTIFACT_NOT_FOUND");
  });

  test("of an older version is refused, unless the rollout allows it", async () => {
    const agent = await host.connect({ version: "2.0.0" });
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    expect(await outcomeOf("target-1")).toMatchObject({ code: "UPDATE_DOWNGRADE_FORBIDDEN" });
    sendDown(host.gateway.assign(host.release(ARCHIVE), { allowDowngrade: true }));
    await host.clock.settle(() => agent.status().update.kind === "handed_over");
  });

  test("below the floor in the updater's journal is refused, whatever the rollout allows", async () => {
    await host.write(host.layout.journalA, encodeJournal({ ...NEW_JOURNAL, floor: "1.5.0" }));
    await host.write(host.layout.journalB, "torn");
    await host.connect({ version: "2.0.0" });
    sendDown(host.gateway.assign(host.release(ARCHIVE), { allowDowngrade: true }));
    expect(await outcomeOf("target-1")).toMatchObject({ code: "UPDATE_BELOW_FLOOR" });
  });

  test("above the journal's floor is taken, though a release that was rolled back had set a higher one", async () => {
    const rolledBack = host.release(ARCHIVE, { version: "3.0.0", floor: "2.5.0" });
    await host.write(`${host.layout.manifests}/3.0.0.json`, Buffer.from(rolledBack.bytes).toString());
    const agent = await host.connect({ version: "2.0.0" });
    sendDown(host.gateway.assign(host.release(ARCHIVE), { allowDowngrade: true }));
    await host.clock.settle(() => agent.status().update.kind === "handed_over");
    expect(host.gateway.outcomes()).toEqual([]);
  });

  test.each([
    [{ updates: false }, "POLICY_UPDATES_DISABLED"],
    [{ maintenance: true }, "POLICY_MAINTENANCE"],
    [{ channels: ["beta"] }, "POLICY_CHANNEL_FORBIDDEN"],
    [{ minimumVersion: "3.0.0" }, "POLICY_VERSION_BELOW_MINIMUM"],
    ["{", "POLICY_INVALID"],
    [{ update: true }, "POLICY_INVALID"],
  ])(
    "against the local policy %o is refused with %s, though the policy changed only now",
    async (policy, code) => {
      await host.connect();
      await host.write(host.layout.policy, policy);
      sendDown(host.gateway.assign(host.release(ARCHIVE)));
      expect(await refusal()).toBe(code);
    },
  );

  test("on a host whose trust anchor is damaged is refused, and the agent runs on", async () => {
    const agent = await host.connect();
    await writeFile(`${host.packageFolder}/trust-anchor.json`, "{}");
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    expect(await refusal()).toBe("TRUST_ANCHOR_INVALID");
    expect(agent.status().connection.kind).toBe("open");
  });
});

describe("while one update is under way", () => {
  test("another is refused and the first goes on", async () => {
    host.gateway.behaviour.refuseDownload = "SERVER_OVERLOADED";
    const agent = await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    await host.clock.settle(() => agent.status().update.kind === "downloading");
    sendDown(host.gateway.assign(host.release(ARCHIVE, { version: "1.2.0" })));
    expect(await outcomeOf("target-2")).toMatchObject({ result: "failed", code: "UPDATE_IN_PROGRESS" });
    host.gateway.behaviour.refuseDownload = null;
    await host.clock.until(() => agent.status().update.kind === "handed_over");
    expect(await host.json(host.layout.handoff)).toMatchObject({ targetId: "target-1", version: "1.1.0" });
    sendDown(host.gateway.assign(host.release(ARCHIVE, { version: "1.3.0" })));
    expect(await outcomeOf("target-3")).toMatchObject({ code: "UPDATE_IN_PROGRESS" });
  });

  test("it can be canceled before the handoff", async () => {
    host.gateway.behaviour.refuseDownload = "SERVER_OVERLOADED";
    const agent = await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    await host.clock.settle(() => agent.status().update.kind === "downloading");
    sendDown({ kind: "cancel", targetId: "another" });
    sendDown({ kind: "cancel", targetId: "target-1" });
    expect(await outcomeOf("target-1")).toMatchObject({ result: "failed", code: "UPDATE_CANCELED" });
    await host.clock.settle(() => agent.status().update.kind === "idle");
    expect(await inFolder(host.layout.staging)).toEqual([]);
  });

  test("a cancel right behind the assignment is not lost", async () => {
    host.gateway.behaviour.refuseDownload = "SERVER_OVERLOADED";
    await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    sendDown({ kind: "cancel", targetId: "target-1" });
    expect(await outcomeOf("target-1")).toMatchObject({ result: "failed", code: "UPDATE_CANCELED" });
  });

  test("it cannot be canceled after the handoff", async () => {
    const agent = await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    await host.clock.settle(() => agent.status().update.kind === "handed_over");
    sendDown({ kind: "cancel", targetId: "target-1" });
    await host.clock.until(() => false, { mostMs: 2000 }).catch(() => undefined);
    expect(handedOver()).toBe(true);
    expect(host.gateway.outcomes()).toEqual([]);
  });

  test("a new connection learns the stage again", async () => {
    const agent = await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    await host.clock.settle(() => agent.status().update.kind === "handed_over");
    host.gateway.dropConnections();
    await host.clock.until(
      () => host.gateway.streams.length === 2 && agent.status().connection.kind === "open",
    );
    await host.clock.settle(() =>
      host.gateway.stream()!.reports.some((r) => r.kind === "progress" && r.progress.stage === "restarting"),
    );
    expect(host.gateway.stream()?.hello.targetId).toBe("target-1");
  });
});

describe("after the handoff", () => {
  const UPDATED: Outcome = {
    schema: 1,
    targetId: "target-1",
    product: "acme-agent",
    result: "healthy",
    survivingVersion: "1.1.0",
    fromVersion: "1.0.0",
    toVersion: "1.1.0",
    code: null,
    message: "",
    outputTail: "",
    endedAt: 1,
    downtimeMs: 700,
  };

  test("the new version waits for the updater's outcome, reports it until it is acknowledged, and is free again", async () => {
    host.gateway.behaviour.acknowledge = false;
    await (await handOver()).stop();
    await rm(host.layout.handoff);
    await mkdir(`${host.layout.lock}/${process.pid}.1.${await bootId()}`, { recursive: true });
    const agent = await host.connect({ version: "1.1.0" });
    expect(agent.status().update).toEqual({ kind: "handed_over", targetId: "target-1" });
    await host.write(`${host.layout.outcomes}/target-1.json`, UPDATED);
    expect(await outcomeOf("target-1")).toEqual(UPDATED);
    await host.clock.settle(() => agent.status().update.kind === "idle");
    host.gateway.behaviour.acknowledge = true;
    host.gateway.dropConnections();
    await host.clock.until(() => host.gateway.outcomes().length === 2);
    await soon(async () =>
      expect(await host.json(host.layout.acknowledged)).toEqual({ schema: 1, targetIds: ["target-1"] }),
    );
    host.gateway.dropConnections();
    await host.clock.until(
      () => host.gateway.streams.length === 4 && agent.status().connection.kind === "open",
    );
    await host.clock.until(() => false, { mostMs: 1000 }).catch(() => undefined);
    expect(host.gateway.outcomes()).toHaveLength(2);
  });

  test("an update whose updater was cut off is still the updater's, which comes back and finishes it", async () => {
    await (await handOver()).stop();
    const { manifestDigest, limits } = parse.decode(
      handoffDecoder,
      await host.json(host.layout.handoff),
      "HANDOFF_INVALID",
    );
    await rm(host.layout.handoff);
    const attempt = {
      targetId: "target-1",
      product: "acme-agent",
      fromVersion: "1.0.0",
      toVersion: "1.1.0",
      manifestDigest,
      floor: null,
      limits,
      startedAt: 1,
    };
    await host.write(
      host.layout.journalA,
      encodeJournal({ ...NEW_JOURNAL, state: { kind: "staged", attempt } }),
    );
    const agent = await host.connect({ version: "1.1.0" });
    expect(agent.status().update).toEqual({ kind: "handed_over", targetId: "target-1" });
    await host.write(`${host.layout.outcomes}/target-1.json`, UPDATED);
    expect(await outcomeOf("target-1")).toEqual(UPDATED);
    expect(host.gateway.outcomes()).toHaveLength(1);
  });

  test("a handoff that no updater ever took is an interrupted update", async () => {
    await (await handOver()).stop();
    await rm(host.layout.handoff);
    await host.connect();
    expect(await outcomeOf("target-1")).toMatchObject({ result: "failed", code: "UPDATE_INTERRUPTED" });
  });

  test("an outcome that is damaged is passed over, and the others are sent", async () => {
    await host.write(`${host.layout.outcomes}/bad.json`, "{");
    await host.write(`${host.layout.outcomes}/target-7.json`, { ...UPDATED, targetId: "other" });
    await host.write(`${host.layout.outcomes}/target-1.json`, UPDATED);
    await host.connect();
    expect(await outcomeOf("target-1")).toEqual(UPDATED);
    expect(host.gateway.outcomes()).toHaveLength(1);
    expect(host.log).toContainEqual(
      expect.objectContaining({
        level: "error",
        fields: expect.objectContaining({ code: "OUTCOME_INVALID" }),
      }),
    );
  });
});

describe("the agent's own outcome", () => {
  test("is kept across connections and processes until it is acknowledged, then gone", async () => {
    host.gateway.behaviour.acknowledge = false;
    const first = await host.connect();
    await host.write(host.layout.policy, { updates: false });
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    await outcomeOf("target-1");
    await first.stop();
    const second = await host.connect();
    await host.clock.until(() => host.gateway.outcomes().length === 2);
    host.gateway.behaviour.acknowledge = true;
    host.gateway.dropConnections();
    await host.clock.until(() => host.gateway.outcomes().length === 3);
    await soon(async () => expect(await inFolder(`${host.layout.run}/outbox`)).toEqual([]));
    await second.stop();
    await host.connect();
    await host.clock.until(() => false, { mostMs: 1000 }).catch(() => undefined);
    expect(host.gateway.outcomes()).toHaveLength(3);
  });
});

describe("what an earlier process left", () => {
  test.each(["{", "[]", JSON.stringify({ schema: 1, lastSequence: -1, update: null })])(
    "that is damaged is said and does not stop the agent: %s",
    async (text) => {
      await host.write(`${host.layout.run}/update.json`, text);
      const agent = await host.connect();
      expect(host.log).toContainEqual(
        expect.objectContaining({ fields: expect.objectContaining({ code: "HOST_STATE_CORRUPT" }) }),
      );
      sendDown(host.gateway.assign(host.release(ARCHIVE)));
      await host.clock.settle(() => agent.status().update.kind === "handed_over");
    },
  );

  test("without its manifest is an interrupted update", async () => {
    host.gateway.behaviour.refuseDownload = "SERVER_OVERLOADED";
    const first = await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    await host.clock.settle(() => first.status().update.kind === "downloading");
    await first.stop();
    await rm(host.layout.stagedManifest);
    await host.connect();
    expect(await outcomeOf("target-1")).toMatchObject({ code: "UPDATE_INTERRUPTED" });
  });

  test("under another controller's key is dropped", async () => {
    host.gateway.behaviour.refuseDownload = "SERVER_OVERLOADED";
    const first = await host.connect();
    sendDown(host.gateway.assign(host.release(ARCHIVE)));
    await host.clock.settle(() => first.status().update.kind === "downloading");
    await first.stop();
    await writeFile(`${host.layout.identity}/assignment.key`, Buffer.alloc(32, 9).toString("base64"));
    const agent = await host.connect();
    expect(agent.status().update.kind).toBe("idle");
    expect(host.gateway.stream()?.hello.targetId).toBeNull();
  });
});
