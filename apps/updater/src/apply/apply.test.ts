import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Handoff } from "@muster/core";
import { seed } from "../commands/seed.ts";
import { statusOf } from "../commands/status.ts";
import { namesIn } from "../fs/reading.ts";
import { takeLock } from "../lock/folder-lock.ts";
import { preparedHost, type PreparedHost } from "../testing/prepared-host.ts";
import {
  createSigner,
  handoffFor,
  handOver,
  writeAssets,
  type FixtureRelease,
} from "../testing/release-fixture.ts";
import { applyHandoffs, recover } from "./apply.ts";

const limits = { deadlineMs: 5000, stabilizationMs: 1000, maxBoots: 2 };

async function apply(prepared: PreparedHost, release: FixtureRelease, changes: Partial<Handoff> = {}) {
  handOver(prepared.layout, release, { ...handoffFor(release, { limits }), ...changes });
  const ending = await applyHandoffs(prepared.host);
  if (ending.kind !== "ended") throw new Error(`the update ended as ${ending.kind}`);
  expect(namesIn(prepared.layout.staging)).toEqual([]);
  expect(namesIn(prepared.layout.temporary)).toEqual([]);
  expect(statusOf(prepared.host).state).toEqual({ kind: "steady" });
  return ending.outcome;
}

async function stranger(version: string): Promise<FixtureRelease> {
  return createSigner().release({ version, files: { "agent.mjs": { content: `// ${version}\n` } } });
}

function enrol({ layout }: PreparedHost): void {
  const muster = { agentId: "agent-1", product: "acme-agent", gateway: "gateway.example:8443" };
  writeFileSync(layout.agentConfig, JSON.stringify({ muster }));
  writeFileSync(`${layout.identity}/ca.pem`, "a certificate");
}

describe("a handed over release is refused, and nothing is changed", () => {
  type Change = (prepared: PreparedHost) => Promise<[FixtureRelease, Partial<Handoff>?]>;
  const CASES: readonly (readonly [string, string, Change])[] = [
    ["signed by a key that is not trusted", "SIGNATURE_INVALID", async () => [await stranger("1.1.0")]],
    [
      "whose manifest was changed after it was signed",
      "SIGNATURE_INVALID",
      async ({ release }) => {
        const [good, other] = [await release("1.1.0"), await release("1.1.0", { channel: "beta" })];
        return [{ ...good, signed: { ...good.signed, manifest: other.signed.manifest } }];
      },
    ],
    [
      "whose signatures cannot be read",
      "SIGNATURE_MALFORMED",
      async ({ release }) => {
        const good = await release("1.1.0");
        return [{ ...good, signed: { ...good.signed, signatures: new Uint8Array([1, 2]) } }];
      },
    ],
    [
      "whose archive was changed after it was signed",
      "ARTIFACT_DIGEST_MISMATCH",
      async ({ release }) => {
        const good = await release("1.1.0");
        const archive = Uint8Array.from(good.archive);
        archive[20] = (archive[20] ?? 0) ^ 1;
        return [{ ...good, archive }];
      },
    ],
    [
      "whose archive is cut off",
      "ARTIFACT_SIZE_MISMATCH",
      async ({ release }) => {
        const good = await release("1.1.0");
        return [{ ...good, archive: good.archive.subarray(0, -1) }];
      },
    ],
    [
      "that is not the one the assignment names",
      "MANIFEST_DIGEST_MISMATCH",
      async ({ release }) => [await release("1.1.0"), { manifestDigest: "0".repeat(64) }],
    ],
    [
      "of another product than the handoff says",
      "MANIFEST_PRODUCT_MISMATCH",
      async ({ release }) => [await release("1.1.0"), { product: "other" }],
    ],
    [
      "of another product than the installed one",
      "MANIFEST_PRODUCT_MISMATCH",
      async ({ release }) => [await release("1.1.0", { product: "other" })],
    ],
    [
      "of another version than the handoff says",
      "HANDOFF_INVALID",
      async ({ release }) => [await release("1.1.0"), { version: "1.2.0" }],
    ],
    [
      "for another platform",
      "ARTIFACT_NOT_FOUND",
      async ({ release }) => [await release("1.1.0", { artifact: { os: "freebsd" } })],
    ],
    ["that runs already", "UPDATE_NOT_NEEDED", async ({ release }) => [await release("1.0.0")]],
    ["that is older", "UPDATE_DOWNGRADE_FORBIDDEN", async ({ release }) => [await release("0.9.0")]],
    [
      "whose entries are hostile",
      "ARCHIVE_TREE_MISMATCH",
      async ({ release }) => {
        const other = await release("1.1.0", { files: { "other.mjs": { content: "// 1.1.0\n" } } });
        return [await release("1.1.0", { archive: other.archive })];
      },
    ],
  ];

  test.for(CASES)("%s: %s", async ([, code, change]) => {
    const prepared = await preparedHost();
    const [release, changes] = await change(prepared);
    expect(await apply(prepared, release, changes)).toMatchObject({
      result: "failed",
      code,
      survivingVersion: "1.0.0",
      fromVersion: "1.0.0",
      downtimeMs: null,
    });
    expect(readlinkSync(prepared.layout.current)).toBe("versions/1.0.0");
    expect(namesIn(prepared.layout.versions)).toEqual(["1.0.0"]);
    expect(prepared.starts).toEqual([]);
  });

  test("a file of it that is missing: HANDOFF_INVALID", async () => {
    const prepared = await preparedHost();
    const release = await prepared.release("1.1.0");
    handOver(prepared.layout, release, handoffFor(release));
    rmSync(prepared.layout.stagedSignature);
    expect(await applyHandoffs(prepared.host)).toMatchObject({
      outcome: { result: "failed", code: "HANDOFF_INVALID" },
    });
  });

  test("with less than three times its size free: DISK_SHORT", async () => {
    const prepared = await preparedHost();
    const release = await prepared.release("1.1.0");
    const needed = 3 * release.archive.byteLength;
    const short = { ...prepared, host: prepared.again({ freeBytes: needed - 1 }).host };
    expect(await apply(short, release)).toMatchObject({ result: "failed", code: "DISK_SHORT" });
    const enough = { ...prepared, host: prepared.again({ freeBytes: needed }).host };
    expect(await apply(enough, release, { targetId: "with-room" })).toMatchObject({ result: "healthy" });
  });

  test.for<[string, string]>([
    ["updates are off", "POLICY_UPDATES_DISABLED"],
    ["maintenance is on", "POLICY_MAINTENANCE"],
    ["its channel is not allowed", "POLICY_CHANNEL_FORBIDDEN"],
    ["it is too old", "POLICY_VERSION_BELOW_MINIMUM"],
    ["the policy has a misspelt field", "POLICY_INVALID"],
    ["the policy is no JSON", "POLICY_INVALID"],
    ["the policy is a folder", "POLICY_INVALID"],
  ])("by the owner's policy: %s", async ([why, code]) => {
    const policies: Record<string, string> = {
      "updates are off": '{"updates":false}',
      "maintenance is on": '{"maintenance":true}',
      "its channel is not allowed": '{"channels":["beta"]}',
      "it is too old": '{"minimumVersion":"2.0.0"}',
      "the policy has a misspelt field": '{"update":true}',
      "the policy is no JSON": "updates: no",
    };
    const prepared = await preparedHost();
    const policy = policies[why];
    if (policy === undefined) mkdirSync(prepared.layout.policy);
    else writeFileSync(prepared.layout.policy, policy);
    expect(await apply(prepared, await prepared.release("1.1.0"))).toMatchObject({ result: "failed", code });
  });

  test("without a trust anchor, while what is installed goes on", async () => {
    const prepared = await preparedHost();
    rmSync(`${prepared.packageFolder}/trust-anchor.json`);
    expect(await apply(prepared, await prepared.release("1.1.0"))).toMatchObject({
      result: "failed",
      code: "TRUST_ANCHOR_INVALID",
      survivingVersion: "1.0.0",
    });
  });
});

describe("versions", () => {
  test("below the floor are refused, also with permission; the floor comes with the commit", async () => {
    const prepared = await preparedHost();
    await apply(prepared, await prepared.release("1.2.0", { floor: "1.1.0" }));
    expect(statusOf(prepared.host).floor).toBe("1.1.0");
    const older = await prepared.release("1.0.9");
    expect(await apply(prepared, older, { allowDowngrade: true })).toMatchObject({
      code: "UPDATE_BELOW_FLOOR",
    });
    const allowed = await prepared.release("1.1.0");
    expect(await apply(prepared, allowed, { allowDowngrade: true })).toMatchObject({ result: "healthy" });
    expect(statusOf(prepared.host)).toMatchObject({ current: "1.1.0", lastGood: "1.2.0", floor: "1.1.0" });
  });

  test("that were rolled back set no floor, and are not kept", async () => {
    const prepared = await preparedHost({ behaviours: { "1.2.0": "crashing" } });
    await apply(prepared, await prepared.release("1.2.0", { floor: "1.2.0" }));
    expect(statusOf(prepared.host)).toMatchObject({
      current: "1.0.0",
      floor: null,
      bad: [{ version: "1.2.0" }],
    });
    expect(namesIn(prepared.layout.versions)).toEqual(["1.0.0"]);
    expect(namesIn(prepared.layout.manifests)).toEqual(["1.0.0.json", "1.0.0.json.sig"]);
  });

  test("that stand there already are used again when they are whole, and replaced when they are not", async () => {
    const prepared = await preparedHost();
    await apply(prepared, await prepared.release("1.1.0"));
    writeFileSync(`${prepared.layout.versions}/1.0.0/agent.mjs`, "damaged");
    const older = await prepared.release("1.0.0");
    expect(await apply(prepared, older, { allowDowngrade: true })).toMatchObject({ result: "healthy" });
    expect(readFileSync(`${prepared.layout.versions}/1.0.0/agent.mjs`, "utf8")).toBe("// 1.0.0\n");
    const newer = await prepared.release("1.1.0");
    expect(await apply(prepared, newer, { targetId: "back-again" })).toMatchObject({ result: "healthy" });
  });
});

describe("a version on probation", () => {
  test("that fails its own checks is taken back with what they say", async () => {
    const prepared = await preparedHost({ behaviours: { "1.1.0": "unhealthy" } });
    expect(await apply(prepared, await prepared.release("1.1.0"))).toMatchObject({
      result: "rolled_back",
      code: "PROBATION_UNHEALTHY",
      message: "its own checks fail: self: unhealthy",
      survivingVersion: "1.0.0",
    });
  });

  test("is not taken back while the gateway accepts nobody, and is when it does again", async () => {
    let asked = 0;
    const prepared = await preparedHost({
      behaviours: { "1.1.0": "silent" },
      gateway: () => {
        asked += 1;
        return asked <= 20 ? "not_accepting" : "accepting";
      },
    });
    enrol(prepared);
    const outcome = await apply(prepared, await prepared.release("1.1.0"));
    expect(outcome).toMatchObject({ result: "rolled_back", code: "PROBATION_DEADLINE" });
    // Asked every two seconds: forty seconds of a five second deadline.
    expect(outcome.downtimeMs).toBeGreaterThan(40_000);
  });

  test("that breaks the host's own enrolment is still taken back", async () => {
    const prepared = await preparedHost({ behaviours: { "1.1.0": "silent" } });
    enrol(prepared);
    const { host } = prepared.again({
      behaviours: { "1.1.0": "silent" },
      gateway: () => "accepting",
      onStart: () => {
        rmSync(`${prepared.layout.identity}/ca.pem`);
        writeFileSync(prepared.layout.agentConfig, "{}");
      },
    });
    expect(await apply({ ...prepared, host }, await prepared.release("1.1.0"))).toMatchObject({
      result: "rolled_back",
    });
    expect(readFileSync(prepared.layout.agentConfig, "utf8")).toContain("gateway.example:8443");
  });

  test("keeps the owner's policy as it is now, and gives the rest of the configuration back", async () => {
    const prepared = await preparedHost();
    const { layout } = prepared;
    writeFileSync(layout.policy, '{"updates":true}');
    writeFileSync(`${layout.config}/agent.conf`, "before");
    const { host } = prepared.again({
      behaviours: { "1.1.0": "silent" },
      onStart: () => {
        writeFileSync(layout.policy, '{"updates":false}');
        writeFileSync(`${layout.config}/agent.conf`, "after");
      },
    });
    await apply({ ...prepared, host }, await prepared.release("1.1.0"));
    expect(readFileSync(layout.policy, "utf8")).toBe('{"updates":false}');
    expect(readFileSync(`${layout.config}/agent.conf`, "utf8")).toBe("before");
  });

  test("with too much configuration to keep is never switched to", async () => {
    const prepared = await preparedHost();
    mkdirSync(`${prepared.layout.config}/many`);
    for (let index = 0; index <= 2000; index += 1)
      writeFileSync(`${prepared.layout.config}/many/${index}`, "");
    expect(await apply(prepared, await prepared.release("1.1.0"))).toMatchObject({
      result: "failed",
      code: "HOST_FILE_FAILED",
      survivingVersion: "1.0.0",
    });
    expect(prepared.starts).toEqual([]);
  });
});

describe("sequences", () => {
  const ENDS = [
    { good: true, name: "success", behaviour: "healthy" },
    { good: false, name: "failure", behaviour: "crashing" },
  ] as const;
  const pairs = ENDS.flatMap((first) => ENDS.map((second) => ({ first, second })));

  test.for(pairs)("$first.name then $second.name", async ({ first, second }) => {
    const prepared = await preparedHost({
      behaviours: { "1.1.0": first.behaviour, "1.2.0": second.behaviour },
    });
    const between = first.good ? "1.1.0" : "1.0.0";
    const last = second.good ? "1.2.0" : between;
    expect(await apply(prepared, await prepared.release("1.1.0"))).toMatchObject({
      result: first.good ? "healthy" : "rolled_back",
      survivingVersion: between,
    });
    expect(await apply(prepared, await prepared.release("1.2.0"))).toMatchObject({
      result: second.good ? "healthy" : "rolled_back",
      fromVersion: between,
      survivingVersion: last,
    });
    expect(statusOf(prepared.host).current).toBe(last);
  });
});

describe("a new host", () => {
  test("refuses a seed that nobody trusts", async () => {
    const prepared = await preparedHost();
    const { host } = prepared.again({ root: `${prepared.layout.root}-other` });
    const foreign = await createSigner().release({
      version: "1.0.0",
      files: { "agent.mjs": { content: "// 1.0.0\n" } },
    });
    writeAssets(`${prepared.layout.root}.seed`, foreign);
    await expect(seed(host, [`${prepared.layout.root}.seed`])).rejects.toThrow(
      expect.objectContaining({ code: "SIGNATURE_INVALID" }),
    );
    expect(existsSync(host.layout.current)).toBe(false);
  });

  test("takes one seed, and needs no second", async () => {
    const prepared = await preparedHost();
    const next = await prepared.release("2.0.0");
    writeAssets(`${prepared.layout.root}.seed`, next);
    expect(await seed(prepared.host, [`${prepared.layout.root}.seed`])).toEqual({
      kind: "not_needed",
      version: "1.0.0",
    });
  });
});

test("with nothing handed over there is nothing to do", async () => {
  const { host } = await preparedHost();
  expect(await applyHandoffs(host)).toEqual({ kind: "idle" });
});

test("a second updater is refused and touches nothing", async () => {
  const prepared = await preparedHost();
  const release = await prepared.release("1.1.0");
  handOver(prepared.layout, release, handoffFor(release));
  const other = takeLock(prepared.host, prepared.layout.lock);
  const { host } = prepared.again({ pid: 101 });
  const sees = { ...host, processes: { ...host.processes, isAlive: () => true } };
  await expect(applyHandoffs(sees)).rejects.toThrow(expect.objectContaining({ code: "UPDATE_IN_PROGRESS" }));
  expect(namesIn(prepared.layout.staging)).toHaveLength(4);
  if (other.kind === "taken") other.lock.release();
});

test("recover heals what runs from the last good version, and reads every byte to find out", async () => {
  const prepared = await preparedHost();
  await apply(prepared, await prepared.release("1.1.0"));
  writeFileSync(`${prepared.layout.versions}/1.1.0/agent.mjs`, "// 1.1.1\n");
  expect(await recover(prepared.host)).toEqual({ kind: "idle" });
  expect(statusOf(prepared.host).current).toBe("1.0.0");
});
