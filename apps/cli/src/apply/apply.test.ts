import { mkdir, readFile, writeFile } from "node:fs/promises";
import { specifyDesiredPlan, specifyRollout } from "@muster/core";
import { DOCUMENT_KINDS } from "@muster/protocol/http";
import { describe, expect, test } from "vitest";
import { pageOf, stubApi } from "../testing/stub-api.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { runMuster } from "../testing/test-terminal.ts";
import { readDocuments } from "./read-documents.ts";
import { sampleAgent, sampleRollout } from "../testing/views.ts";

const GROUP = `apiVersion: muster/v1
kind: Group
metadata: {name: edge}
spec:
  rule: env=production
  priority: 5
  desired:
    - product: app
      track: {kind: channel, channel: stable}
      plan: {strategy: {kind: immediate}}
`;
const VIEW = {
  id: "grp_1",
  name: "edge",
  description: "",
  rule: "env=production",
  priority: 5,
  members: 1,
  revision: 3,
  createdAt: 0,
  createdBy: "tester",
  updatedAt: 0,
};
const DESIRED = {
  groupId: "grp_1",
  group: "edge",
  product: "app",
  track: { kind: "channel", channel: "stable" },
  plan: specifyDesiredPlan({ strategy: { kind: "immediate" } }),
  revision: 1,
  updatedAt: 0,
  updatedBy: "tester",
  version: null,
  phase: "no_release",
  why: null,
  rolloutId: null,
  agents: 0,
  converged: 0,
  drift: [],
};
const ROLLOUT = `apiVersion: muster/v1
kind: Rollout
metadata: {name: spring}
spec:
  product: app
  version: 2.0.0
  cohort: {kind: group, id: edge}
  strategy: {kind: immediate}
  startAt: 2030-01-01T00:00:00+01:00
`;
const wanted = specifyRollout({
  product: "app",
  version: "2.0.0",
  cohort: { kind: "group", id: "grp_1" },
  strategy: { kind: "immediate" },
  startAt: Date.UTC(2029, 11, 31, 23),
});

const freezeUntil = (until: string) =>
  `{apiVersion: muster/v1, kind: Freeze, metadata: {name: holidays}, spec: {from: 2000, until: ${until}}}`;

/** Applies a text from standard input. */
const apply = (input: string, env: Readonly<Record<string, string>> = {}, ...more: string[]) =>
  runMuster(["apply", "-f", "-", ...more], { input, env, now: 1000 });
const changesIn = (requests: readonly { readonly route: string }[]) =>
  requests.map(({ route }) => route).filter((route) => !route.startsWith("GET "));

describe("muster apply", () => {
  test("makes what is not there, in the order in which one needs the other", async () => {
    await using api = await stubApi({
      "GET /api/v1/groups/edge/status": () => "GROUP_NOT_FOUND",
      "GET /api/v1/rollouts": () => pageOf([]),
      "POST /api/v1/groups": () => VIEW,
      "PUT /api/v1/groups/edge/desired/app": () => DESIRED,
      "POST /api/v1/rollouts": () => sampleRollout(),
    });
    const { code, stdout, stderr } = await apply(`${ROLLOUT}---\n${GROUP}`, api.env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(changesIn(api.requests)).toEqual([
      "POST /api/v1/groups",
      "PUT /api/v1/groups/edge/desired/app",
      "POST /api/v1/rollouts",
    ]);
    expect(stdout).toMatch(/^Group\/edge created \(grp_1\)\n {2}rule: "env=production"\n {2}priority: 5\n/);
    expect(stdout).toContain("Rollout/spring created");
    const body: unknown = JSON.parse(api.requests.at(-1)?.body.toString() ?? "");
    expect(body).toMatchObject({ name: "spring", startAt: wanted.startAt });
  });

  test("changes nothing the second time", async () => {
    await using api = await stubApi({
      "GET /api/v1/groups/edge/status": () => ({ group: VIEW, desired: [DESIRED] }),
      "GET /api/v1/groups/edge": () => VIEW,
      "GET /api/v1/rollouts": () => pageOf([{ ...sampleRollout(), spec: wanted }]),
    });
    const { code, stdout } = await apply(`${GROUP}---\n${ROLLOUT}`, api.env);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "Group/edge unchanged\nRollout/spring unchanged\n" });
    expect(changesIn(api.requests)).toEqual([]);
  });

  test("with --dry-run shows what would be another, field by field, and changes nothing", async () => {
    const held = { ...DESIRED, track: { kind: "channel", channel: "beta" } };
    await using api = await stubApi({
      "GET /api/v1/groups/edge/status": () => ({ group: { ...VIEW, priority: 1 }, desired: [held] }),
    });
    const { code, stdout, stderr } = await apply(GROUP, api.env, "--dry-run");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "Nothing was changed.\n" });
    expect(stdout).toBe(
      'Group/edge would be changed\n  priority: 1 -> 5\n  desired.app.track.channel: "beta" -> "stable"\n',
    );
    expect(changesIn(api.requests)).toEqual([]);
  });

  test("names exactly the members that a group is to have", async () => {
    await using api = await stubApi({
      "GET /api/v1/groups/edge/status": () => ({ group: { ...VIEW, rule: null }, desired: [] }),
      "GET /api/v1/agents": () => pageOf([sampleAgent({ id: "ag_1" })]),
      "POST /api/v1/groups/edge/members": () => VIEW,
    });
    const text =
      "{apiVersion: muster/v1, kind: Group, metadata: {name: edge}, spec: {members: [ag_2, ag_2]}}";
    expect((await apply(text, api.env)).stdout).toContain('members: ["ag_1"] -> ["ag_2"]');
    const body: unknown = JSON.parse(api.requests.at(-1)?.body.toString() ?? "");
    expect(body).toEqual({ add: ["ag_2"], remove: ["ag_1"] });
  });

  test("refuses a rollout that has begun as something else, before it changes anything", async () => {
    await using api = await stubApi({
      "GET /api/v1/groups/edge/status": () => "GROUP_NOT_FOUND",
      "GET /api/v1/groups/edge": () => VIEW,
      "GET /api/v1/rollouts": () => pageOf([{ ...sampleRollout(), spec: { ...wanted, maxInFlight: 7 } }]),
    });
    const { code, stderr } = await apply(`${GROUP}---\n${ROLLOUT}`, api.env);
    expect(code).toBe(4);
    expect(stderr).toContain("ROLLOUT_NAME_TAKEN");
    expect(stderr).toMatch(/fields: maxInFlight, .*file: -, document: 2, of: Rollout\/spring/);
    expect(changesIn(api.requests)).toEqual([]);
  });

  test("takes a source's token from where the document says, and shows it nowhere", async () => {
    const source = {
      id: "app",
      kind: "github",
      host: "github.com",
      owner: "acme",
      repo: "app",
      product: "app",
    };
    const view = { ...source, hasToken: true, createdAt: 0, createdBy: "tester" };
    let known: unknown = "RESOURCE_NOT_FOUND";
    await using api = await stubApi({
      "GET /api/v1/sources/app": () => known,
      "POST /api/v1/sources": () => view,
    });
    const text = `apiVersion: muster/v1
kind: Source
metadata: {name: app}
spec: {kind: github, owner: acme, repo: app, product: app, secretRef: {env: HOST_TOKEN}}`;
    const missing = await apply(text, api.env);
    expect(missing).toMatchObject({ code: 4, stderr: expect.stringContaining("HOST_TOKEN is empty") });
    const env = { ...api.env, HOST_TOKEN: "s3cret" };
    const made = await apply(text, env);
    expect(made.stdout + made.stderr).not.toContain("s3cret");
    expect(api.requests.at(-1)?.body.toString()).toContain("s3cret");
    known = view;
    expect((await apply(text, env)).stdout).toBe("Source/app unchanged\n");
    const moved = await apply(text.replace("github,", "forgejo, host: git.example.com,"), env);
    expect(moved.stderr).toMatch(/"github" on the server and stays so.*field: spec\.kind/);
  });

  test("puts a freeze in another's place without a moment between, and lets old ones rest", async () => {
    const freeze = {
      id: "fr_1",
      name: "holidays",
      from: 2000,
      until: 3000,
      createdAt: 0,
      createdBy: "tester",
    };
    await using api = await stubApi({
      "GET /api/v1/freezes": () => ({ items: [freeze] }),
      "POST /api/v1/freezes": () => ({ ...freeze, id: "fr_2" }),
      "DELETE /api/v1/freezes/fr_1": () => undefined,
    });
    expect((await apply(freezeUntil("3000"), api.env)).stdout).toBe("Freeze/holidays unchanged\n");
    expect((await apply(freezeUntil("4000"), api.env)).stdout).toContain(
      "until: 1970-01-01 00:00:03 -> 1970-01-01 00:00:04",
    );
    expect(changesIn(api.requests)).toEqual(["POST /api/v1/freezes", "DELETE /api/v1/freezes/fr_1"]);
    const past = freezeUntil("4").replace("from: 2000", "from: 1");
    expect((await apply(past, api.env)).stdout).toBe("Freeze/holidays unchanged\n");
  });

  test("makes a webhook and shows its secret once; its address stays", async () => {
    const view = {
      id: "wh_1",
      url: "https://hooks.example/x",
      description: "pager",
      filter: { types: ["rollout_*"], category: null, severity: "info" },
      enabled: true,
      disabledWhy: null,
      failingSince: null,
      pending: 0,
      dead: 0,
      createdAt: 0,
      createdBy: "tester",
    };
    let known: unknown[] = [];
    await using api = await stubApi({
      "GET /api/v1/webhooks": () => pageOf(known),
      "POST /api/v1/webhooks": () => ({ ...view, secret: "whsec_1" }),
    });
    const text = `{apiVersion: muster/v1, kind: Webhook, metadata: {name: pager},
      spec: {url: "https://hooks.example/x", filter: {types: ["rollout_*"]}}}`;
    expect((await apply(text, api.env)).stdout).toContain("whsec_1");
    known = [view];
    expect((await apply(text, api.env)).stdout).toBe("Webhook/pager unchanged\n");
    const moved = await apply(text.replace("hooks.example", "other.example"), api.env);
    expect(moved).toMatchObject({ code: 4, stderr: expect.stringContaining("field: spec.url") });
  });

  test("stops at the first refusal, and says what was done before it", async () => {
    await using api = await stubApi({
      "GET /api/v1/groups/edge/status": () => "GROUP_NOT_FOUND",
      "GET /api/v1/operations/one": () => "RESOURCE_NOT_FOUND",
      "POST /api/v1/groups": () => VIEW,
      "PUT /api/v1/groups/edge/desired/app": () => DESIRED,
      "POST /api/v1/operations": () => "OPERATION_URL_UNKNOWN",
    });
    const operation = `{apiVersion: muster/v1, kind: MachineOperation, operationKind: AgentUpgrade,
      metadata: {name: one}, spec: {machineRef: web-1, parameters: {downloadURL: "https://example.com/x"}}}`;
    const { code, stdout, stderr } = await apply(`${operation}\n---\n${GROUP}`, api.env, "--json");
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ documents: [{ kind: "Group", action: "create" }] });
    expect(JSON.parse(stderr)).toMatchObject({ code: "OPERATION_URL_UNKNOWN", details: { document: 1 } });
  });

  test("reads a folder's files in the order of their names, and leaves others alone", async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at("b.yaml"), GROUP);
    await writeFile(folder.at("a.json"), JSON.stringify({ kind: "Nonsense" }));
    await writeFile(folder.at("notes.txt"), "not: [a document");
    await mkdir(folder.at("c"));
    const { stderr } = await runMuster(["apply", "-f", folder.path]);
    expect(stderr).toMatch(/must be one of Source, Group.*a\.json, document: 1, field: kind/);
  });
});

test("the runbook's documents are ones, of every kind", async () => {
  const runbook = await readFile(new URL("../../../../docs/runbook.md", import.meta.url), "utf8");
  const [, text = ""] = /```yaml\n(apiVersion.*?)```/s.exec(runbook) ?? [];
  const found = await readDocuments(["-"], { readInput: async () => text });
  expect(found.map(({ content }) => content.kind)).toEqual(DOCUMENT_KINDS);
});

/** What a text is refused for, with no server there. */
describe("a document that is refused", () => {
  const change = (from: string, to: string) => GROUP.replace(from, to);
  test.each([
    ["an unknown field", change("priority: 5", "prioritie: 5"), "field: spec.prioritie"],
    [
      "an unknown field far inside",
      change("kind: immediate", "kind: immediate, size: 4"),
      "field: spec.desired.0.plan.strategy.size",
    ],
    ["a wrong value", change("priority: 5", "priority: high"), "field: spec.priority"],
    ["another version", change("muster/v1", "muster/v2"), "field: apiVersion"],
    ["another kind", change("kind: Group", "kind: Policy"), "field: kind"],
    ["no metadata", change("metadata: {name: edge}", ""), "field: metadata"],
    ["a rule and members", change("priority: 5", "members: [a]"), "field: spec.members"],
    ["a key that is there twice", change("priority: 5", "priority: 5\n  priority: 6"), "field: priority"],
    ["a merge key", change("spec:", "spec:\n  <<: {priority: 7}"), "field: spec.<<"],
    ["a name that is there twice", `${GROUP}---\n${GROUP}`, "Group/edge is also document 1 of -"],
    ["a list", "- 1", "must be an object"],
    ["nothing", "# nothing\n---\n", "holds no document"],
    ["a program", change("priority: 5", "priority: !!js/function 'x'"), "Unresolved tag"],
    ["text that is not YAML", "a: [", "document: 1"],
    ["a prototype", '{"__proto__": {"kind": "Group"}, "kind": "Group"}', "document: 1"],
  ])("for %s is named", async (_, text, said) => {
    const { code, stderr } = await apply(text);
    expect(code).toBe(4);
    expect(stderr).toContain("DOCUMENT_INVALID");
    expect(stderr).toContain(said);
  });

  test("is one with aliases that grow without end", async () => {
    const lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"];
    for (let level = 1; level < 9; level += 1) {
      const [name, of] = ["abcdefghij"[level], "abcdefghij"[level - 1]];
      lines.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${of}`).join(",")}]`);
    }
    const { code, stderr } = await apply(lines.join("\n"));
    expect({ code, said: stderr.includes("Excessive alias count") }).toEqual({ code: 4, said: true });
  });

  test.each([
    ["is over 1048576 bytes", "# ".padEnd(1_048_577, "x")],
    ["is nested too deeply", "[".repeat(1_000_000)],
    ["is nested too deeply", "- ".repeat(500_000)],
  ])("is one that %s", async (said, text) => {
    const { code, stderr } = await apply(text);
    expect({ code, stderr }).toMatchObject({ code: 4, stderr: expect.stringContaining(said) });
  });
});
