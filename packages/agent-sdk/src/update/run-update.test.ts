import { hostLayout, platformOfNode } from "@muster/core";
import { existsSync } from "node:fs";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SILENT_LOG } from "../silent-log.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import { createReleaseSigner, signRelease } from "../testing/signed-release.ts";
import { runUpdate, type UpdateJob, type UpdatePorts } from "./run-update.ts";
import type { UpdateState } from "./update-state.ts";

const ARCHIVE = Buffer.alloc(1000, 1);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-agent-sdk-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function prepare(freeBytes: number) {
  const signer = createReleaseSigner();
  const release = signRelease(signer, ARCHIVE);
  const clock = createManualClock();
  const states: UpdateState["kind"][] = [];
  await mkdir(join(folder, "run"));
  await writeFile(join(folder, "trust-anchor.json"), signer.anchor);
  const job: UpdateJob = {
    update: { targetId: "t1", phase: "taken", assignment: "", assignmentSignature: "", downloadPath: "/x" },
    assignment: {
      schema: 1,
      agentId: "a1",
      targetId: "t1",
      rolloutId: "r1",
      product: "acme-agent",
      version: "1.1.0",
      manifestDigest: release.digest,
      sequence: 1,
      notAfter: clock.now() + 1000,
      allowDowngrade: false,
      limits: { deadlineMs: 1000, stabilizationMs: 0, maxBoots: 1 },
    },
    signed: { manifest: release.bytes, signatures: release.signatures },
    isResumed: false,
    signal: new AbortController().signal,
  };
  const ports: UpdatePorts = {
    layout: hostLayout(folder),
    clock,
    random: () => 0,
    log: SILENT_LOG,
    product: "acme-agent",
    version: "1.0.0",
    platform: platformOfNode(process.platform, process.arch),
    packageFolder: folder,
    policy: async () => ({ policy: { updates: true, maintenance: false }, problem: null }),
    freeBytes: async () => freeBytes,
    fetch: async ({ fromByte }) => ({
      fromByte,
      sha256: null,
      content: piecesOf(ARCHIVE.subarray(fromByte)),
    }),
    store: { taken: { lastSequence: 1, update: null }, change: async () => undefined },
    move: ({ kind }) => void states.push(kind),
  };
  return { job, ports, states };
}

async function* piecesOf(content: Buffer) {
  yield content;
}

test("an update needs three times the archive's size on the disk, and no byte more", async () => {
  const short = await prepare(2999);
  await expect(runUpdate(short.job, short.ports)).rejects.toMatchObject({
    code: "DISK_SHORT",
    details: { free: 2999, needed: 3000 },
  });
  expect(short.states).toEqual([]);
  expect(existsSync(join(folder, "staging"))).toBe(false);
});

test("with just enough it goes through every stage, once", async () => {
  const { job, ports, states } = await prepare(3000);
  await runUpdate(job, ports);
  expect([...new Set(states)]).toEqual(["downloading", "verifying", "staging", "handed_over"]);
  expect(existsSync(join(folder, "staging", "handoff.json"))).toBe(true);
});

test("what was taken is written down as handed over before the handoff is", async () => {
  const { job, ports } = await prepare(3000);
  const crash = new Error("power cut");
  const store = {
    taken: { lastSequence: 1, update: null },
    change: async () => {
      throw crash;
    },
  };
  await expect(runUpdate(job, { ...ports, store })).rejects.toBe(crash);
  expect(existsSync(join(folder, "staging", "handoff.json"))).toBe(false);
});

test("what was taken in time may take its time", async () => {
  const { job, ports } = await prepare(3000);
  const late = { ...job, assignment: { ...job.assignment, notAfter: ports.clock.now() - 1 } };
  await expect(runUpdate(late, ports)).rejects.toMatchObject({ code: "ASSIGNMENT_EXPIRED" });
  await runUpdate({ ...late, isResumed: true }, ports);
  expect(existsSync(join(folder, "staging", "handoff.json"))).toBe(true);
});
