import { describe, expect, test } from "vitest";
import { OPEN_POLICY } from "../policy/local-policy.ts";
import { aSpec } from "../testing/index.ts";
import { WAVE_PRESETS, type RolloutSpec } from "./rollout.ts";
import { previewCohort, type PreviewAgent, type ReleaseFacts } from "./preview.ts";

const release: ReleaseFacts = {
  version: "2.0.0",
  channel: "stable",
  artifacts: [
    { os: "linux", arch: "amd64", size: 1000 },
    { os: "linux", arch: "arm64", size: 700 },
  ],
};

function anAgent(id: string, change: Partial<PreviewAgent> = {}): PreviewAgent {
  return {
    id,
    product: "acme",
    version: "1.0.0",
    os: "linux",
    arch: "amd64",
    labels: {},
    capabilities: ["update", "diagnostics"],
    policy: OPEN_POLICY,
    online: true,
    revoked: false,
    ...change,
  };
}

function preview(
  agents: readonly PreviewAgent[],
  spec: Partial<RolloutSpec> = {},
  busy: readonly string[] = [],
) {
  return previewCohort({ spec: aSpec(spec), release, agents, busy: (id) => busy.includes(id) });
}

describe("an agent is left out", () => {
  test.each<[string, Partial<PreviewAgent>]>([
    ["no_artifact", { os: "windows" }],
    ["no_artifact", { arch: "riscv64" }],
    ["no_update_capability", { capabilities: ["diagnostics"] }],
    ["updates_disabled", { policy: { ...OPEN_POLICY, updates: false } }],
    ["maintenance", { policy: { ...OPEN_POLICY, maintenance: true } }],
    ["channel_not_allowed", { policy: { ...OPEN_POLICY, channels: ["beta"] } }],
    ["below_minimum_version", { policy: { ...OPEN_POLICY, minimumVersion: "2.0.1" } }],
    ["already_there", { version: "2.0.0" }],
    ["already_there", { version: "2.0.0", os: "windows", policy: { ...OPEN_POLICY, updates: false } }],
    ["downgrade", { version: "2.0.1" }],
    ["revoked", { revoked: true, version: "2.0.0" }],
  ])("%s: %j", (reason, change) => {
    expect(preview([anAgent("a", change)])).toMatchObject({
      ready: [],
      excluded: [{ agentId: "a", reason }],
    });
  });

  test("other_rollout: it is busy, unless this is an emergency", () => {
    expect(preview([anAgent("a")], {}, ["a"]).excluded).toEqual([{ agentId: "a", reason: "other_rollout" }]);
    expect(preview([anAgent("a")], { priority: "emergency" }, ["a"]).ready).toHaveLength(1);
  });

  test("unknown_agent: it was named, and there is none", () => {
    const cohort = { kind: "agents", ids: ["z", "a", "b"] } as const;
    expect(preview([anAgent("a"), anAgent("c")], { cohort })).toMatchObject({
      ready: [{ id: "a" }],
      excluded: [
        { agentId: "b", reason: "unknown_agent" },
        { agentId: "z", reason: "unknown_agent" },
      ],
    });
  });

  test("other_product: it was named or labelled, but not if everyone is meant", () => {
    const agents = [anAgent("a", { product: "sidecar", labels: { env: "production" } })];
    const excluded = [{ agentId: "a", reason: "other_product" }];
    expect(preview(agents, { cohort: { kind: "agents", ids: ["a"] } }).excluded).toEqual(excluded);
    expect(preview(agents, { cohort: { kind: "labels", expression: "env=production" } }).excluded).toEqual(
      excluded,
    );
    expect(preview(agents).excluded).toEqual([]);
  });
});

describe("an agent is ready", () => {
  test.each<[string, Partial<PreviewAgent>, Partial<RolloutSpec>]>([
    ["though its version is not known", { version: null }, {}],
    ["though it is offline", { online: false }, {}],
    ["on the other platform", { arch: "arm64" }, {}],
    ["for a downgrade that is allowed", { version: "3.0.0" }, { allowDowngrade: true }],
    [
      "under a policy that allows it",
      { policy: { ...OPEN_POLICY, channels: ["stable"], minimumVersion: "2.0.0" } },
      {},
    ],
  ])("%s", (_, change, spec) => {
    expect(preview([anAgent("a", change)], spec)).toMatchObject({ ready: [{ id: "a" }], excluded: [] });
  });
});

test("the preview is sorted by id, and says how many are offline, what is sent, and in what waves", () => {
  const agents = [
    anAgent("c", { arch: "arm64" }),
    anAgent("a", { online: false }),
    anAgent("d", { os: "windows" }),
    anAgent("b"),
  ];
  const strategy = {
    kind: "waves",
    waves: WAVE_PRESETS["5/25/100"],
    settleMs: 0,
    approval: "manual",
  } as const;
  const result = preview(agents, { strategy });
  expect(result.ready.map(({ id }) => id)).toEqual(["a", "b", "c"]);
  expect(result).toMatchObject({
    excluded: [{ agentId: "d", reason: "no_artifact" }],
    offline: 1,
    plannedBytes: 2700,
    waveSizes: [1, 2],
  });
});

test("agents outside the cohort are not mentioned", () => {
  const cohort = { kind: "labels", expression: "env=production" } as const;
  expect(preview([anAgent("a")], { cohort })).toMatchObject({ ready: [], excluded: [], waveSizes: [] });
});
