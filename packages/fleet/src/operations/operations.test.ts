import {
  availableUpdateSchema,
  type CreateOperation,
  operationPageSchema,
  operationSchema,
} from "@muster/protocol/http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { insertAll } from "../store/bulk.ts";
import { OPERATOR } from "../testing/operator.ts";
import { createTestPlane, type TestPlane } from "../testing/plane.ts";
import { anAgent, anArtifact, aRelease } from "../testing/rows.ts";
import { readAvailable } from "./available.ts";
import type { OperationCaller } from "./ports.ts";

let lab: TestPlane;
const deeds: string[] = [];
const audit: OperationCaller["audit"] = {
  record: async () => {},
  recordIn: async (_trx, ...done) => void deeds.push(...done.map(({ action }) => action)),
};
const caller: OperationCaller = { actor: OPERATOR, audit, mayUpdate: () => true };
const inGroup = (...ids: string[]): OperationCaller => ({ ...caller, mayUpdate: (id) => ids.includes(id) });
const URL_2 = "https://example.com/app-2.tar.gz";
const URL_MAC = "https://example.com/app-2-mac.tar.gz";

beforeEach(async () => {
  deeds.length = 0;
  lab = await createTestPlane();
  const { db } = lab.watched;
  await insertAll(db, "releases", [
    aRelease("1.0.0"),
    aRelease("1.5.0"),
    aRelease("2.0.0", { notes: "better" }),
    aRelease("3.0.0", { state: "mirroring" }),
    aRelease("4.0.0", { state: "yanked", state_json: '{"why":"it burns"}' }),
    aRelease("9.0.0", { channel: "beta" }),
  ]);
  await insertAll(db, "artifacts", [
    anArtifact("1.0.0", { url: "https://example.com/app-1.tar.gz" }),
    anArtifact("2.0.0", { url: URL_2 }),
    anArtifact("2.0.0", { os: "darwin", url: URL_MAC }),
    anArtifact("4.0.0", { url: "https://example.com/app-4.tar.gz" }),
    anArtifact("1.5.0", { arch: "arm64", url: "https://example.com/latest.tar.gz" }),
    anArtifact("2.0.0", { arch: "arm64", url: "https://example.com/latest.tar.gz" }),
  ]);
  await insertAll(db, "agents", [
    anAgent("a", { version: "1.0.0", hostname: "web-1" }),
    anAgent("b", { version: "1.0.0", hostname: "twin" }),
    anAgent("c", { version: "2.0.0", hostname: "twin" }),
    anAgent("d", { version: "1.0.0", hostname: "a" }),
    anAgent("e", { version: "1.0.0", hostname: "old", policy_json: '{"updates":false,"maintenance":false}' }),
    anAgent("f", { version: "1.0.0", hostname: "web-1", revoked_at: 5 }),
    anAgent("g", { version: "1.0.0", hostname: "arm", arch: "arm64" }),
  ]);
});
afterEach(() => lab.close());

const operations = () => lab.plane.operations;
const asked = (
  machineRef: string,
  parameters: CreateOperation["spec"]["parameters"] = { version: "2.0.0" },
  name = "op-1",
): CreateOperation => ({
  kind: "MachineOperation",
  operationKind: "AgentUpgrade",
  metadata: { name },
  spec: { machineRef, parameters },
});
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "nothing was thrown",
    (error: { code?: string }) => error.code,
  );

describe("an operation", () => {
  test("becomes a rollout of one agent, and says how its target stands", async () => {
    const view = await operations().create(asked("web-1"), caller);
    expect(operationSchema.parse(view)).toEqual(view);
    expect(view.status).toMatchObject({
      phase: "pending",
      agentId: "a",
      version: "2.0.0",
      fromVersion: "1.0.0",
    });
    const rollout = await lab.plane.rollouts.read(view.status.rolloutId ?? "");
    expect(rollout.spec).toMatchObject({
      cohort: { kind: "agents", ids: ["a"] },
      strategy: { kind: "immediate" },
    });
    expect(deeds).toEqual(["operation.create", "rollout.create", "node.upgrade.request"]);
    await lab.plane.rollouts.act(rollout.id, "cancel", OPERATOR);
    await lab.run(1000);
    expect((await operations().read("op-1")).status).toMatchObject({ phase: "canceled" });
  });

  test("asked for again is the same one; with other content it is refused", async () => {
    const [first, second] = await Promise.all([
      operations().create(asked("a"), caller),
      operations().create({ ...asked("a"), apiVersion: "muster/v1" }, caller),
    ]);
    expect(second.status.rolloutId).toBe(first.status.rolloutId);
    expect((await lab.plane.rollouts.list({ limit: 10 })).total).toBe(1);
    expect(await codeOf(operations().create(asked("b"), caller))).toBe("OPERATION_EXISTS");
    expect(await codeOf(operations().create(asked("a", { downloadURL: URL_2 }), caller))).toBe(
      "OPERATION_EXISTS",
    );
    // Its name says nothing to who may not touch its machine.
    expect(await codeOf(operations().create(asked("a"), inGroup("b")))).toBe("OPERATION_EXISTS");
  });

  test("for a machine that is there already succeeds with nothing done", async () => {
    const { status } = await operations().create(asked("c"), caller);
    expect(status).toMatchObject({ phase: "succeeded", rolloutId: null, targetId: null });
    expect((await lab.plane.rollouts.list({ limit: 10 })).total).toBe(0);
  });

  test("takes an address that a verified manifest lists for this platform", async () => {
    expect((await operations().create(asked("a", { downloadURL: URL_2 }), caller)).status.version).toBe(
      "2.0.0",
    );
  });

  test.each([
    ["an address that no manifest lists", "a", { downloadURL: `${URL_2}?x=1` }, "OPERATION_URL_UNKNOWN"],
    ["an address for another platform", "a", { downloadURL: URL_MAC }, "OPERATION_URL_UNFIT"],
    [
      "an address of several versions",
      "g",
      { downloadURL: "https://example.com/latest.tar.gz" },
      "OPERATION_URL_UNFIT",
    ],
    [
      "an address of a yanked release",
      "a",
      { downloadURL: "https://example.com/app-4.tar.gz" },
      "RELEASE_YANKED",
    ],
    ["a version that is not mirrored", "a", { version: "3.0.0" }, "RELEASE_NOT_READY"],
    ["a version that is not there", "a", { version: "7.0.0" }, "RESOURCE_NOT_FOUND"],
    ["a version that goes back", "c", { version: "1.0.0" }, "OPERATION_IMPOSSIBLE"],
    ["a machine whose host does not want it", "e", { version: "2.0.0" }, "OPERATION_IMPOSSIBLE"],
    ["a revoked machine", "f", { version: "2.0.0" }, "OPERATION_IMPOSSIBLE"],
    ["a hostname of two", "twin", { version: "2.0.0" }, "OPERATION_MACHINE_AMBIGUOUS"],
    ["nobody", "nobody", { version: "2.0.0" }, "AGENT_NOT_FOUND"],
  ])("is refused for %s, and leaves nothing behind", async (_, machine, parameters, code) => {
    expect(await codeOf(operations().create(asked(machine, parameters), caller))).toBe(code);
    expect((await operations().list({ limit: 10 })).total).toBe(0);
    expect((await lab.plane.rollouts.list({ limit: 10 })).total).toBe(0);
  });

  test("names the ids of those who share a hostname, as far as the caller may update them", async () => {
    await expect(operations().create(asked("twin"), caller)).rejects.toMatchObject({
      details: { agentIds: ["b", "c"] },
    });
    expect((await operations().create(asked("twin"), inGroup("b"))).status.agentId).toBe("b");
    expect(await codeOf(operations().create(asked("a", undefined, "op-2"), inGroup("b")))).toBe(
      "AGENT_NOT_FOUND",
    );
  });

  test("takes an id before a hostname that looks like it", async () => {
    expect((await operations().create(asked("a"), caller)).status.agentId).toBe("a");
  });

  test("is listed newest first, by agent and by group", async () => {
    await operations().create(asked("a", undefined, "op-a"), caller);
    lab.clock.goTo(lab.clock.now() + 1);
    await operations().create(asked("b", undefined, "op-b"), caller);
    const names = async (query: object) => {
      const page = await operations().list({ limit: 10, ...query });
      expect(operationPageSchema.parse(page)).toEqual(page);
      return page.items.map(({ metadata }) => metadata.name);
    };
    expect(await names({})).toEqual(["op-b", "op-a"]);
    expect(await names({ agentId: "a" })).toEqual(["op-a"]);
    const group = await lab.plane.groups.create({ name: "edge", rule: 'host:"web-1"' }, OPERATOR);
    expect(await names({ within: [group.id] })).toEqual(["op-a"]);
    expect(await names({ within: [] })).toEqual([]);
    expect(await codeOf(operations().read("op-z"))).toBe("RESOURCE_NOT_FOUND");
  });
});

describe("an agent that asks", () => {
  test("is offered the newest ready release of its channel, with what is signed of it", async () => {
    const offer = await operations().available("a");
    expect(availableUpdateSchema.parse(offer)).toEqual(offer);
    expect(offer).toMatchObject({
      offeredBy: "channel",
      ready: true,
      available: { version: "2.0.0", notes: "better", artifact: { os: "linux", arch: "amd64", size: 1000 } },
    });
    expect(await operations().available("c")).toMatchObject({ available: null, reason: "already_there" });
    expect(await operations().available("e")).toMatchObject({ ready: false, reason: "updates_disabled" });
    expect(await codeOf(operations().available("nobody"))).toBe("AGENT_NOT_FOUND");
  });

  test("is offered what its groups say before that", async () => {
    const told = { groupId: "grp_1", group: "all", phase: "following", drift: null, why: null } as const;
    const offerOf = (version: string | null) =>
      readAvailable(
        {
          db: lab.watched.db,
          openRollouts: () => [],
          desired: { ofAgent: async () => ({ ...told, version }) },
        },
        "a",
      );
    expect(await offerOf("1.0.0")).toMatchObject({
      offeredBy: "desired_state",
      available: null,
      reason: "already_there",
    });
    expect(await offerOf("9.0.0")).toMatchObject({
      available: { version: "9.0.0", artifact: null },
      reason: "no_artifact",
    });
    expect(await offerOf(null)).toMatchObject({ available: null, ready: false, reason: "no_release" });
  });

  test("gets nothing if there is nothing for it", async () => {
    expect(await codeOf(operations().requestUpdate("c", {}, caller))).toBe("OPERATION_NOT_NEEDED");
  });

  test("gets it as an operation, the same one if it asks again", async () => {
    const first = await operations().requestUpdate("a", {}, caller);
    expect(first.metadata.name).toBe("update-a-2-0-0");
    expect(await operations().requestUpdate("a", {}, caller)).toEqual(first);
    expect(await operations().available("a")).toMatchObject({
      ready: false,
      reason: "other_rollout",
      target: { rolloutId: first.status.rolloutId, version: "2.0.0", state: "pending" },
    });
  });
});

describe("a rollout's name", () => {
  const request = {
    name: "spring",
    product: "app",
    version: "2.0.0",
    cohort: { kind: "agents", ids: ["a"] },
    strategy: { kind: "immediate" },
  } as const;
  const copy = () => ({ ...request, cohort: { kind: "agents" as const, ids: ["a"] } });

  test("is that of one rollout, however often it is asked for", async () => {
    const [first, second] = await Promise.all([
      lab.plane.rollouts.create(copy(), OPERATOR),
      lab.plane.rollouts.create({ ...copy(), maxInFlight: 250 }, OPERATOR),
    ]);
    expect(second.id).toBe(first.id);
    expect(first.name).toBe("spring");
    const { items } = await lab.plane.rollouts.list({ limit: 10, name: "spring" });
    expect(items.map(({ id }) => id)).toEqual([first.id]);
    expect((await lab.plane.rollouts.list({ limit: 10, name: "summer" })).total).toBe(0);
  });

  test("is refused for anything else", async () => {
    await lab.plane.rollouts.create(copy(), OPERATOR);
    const other = { ...copy(), allowDowngrade: true };
    expect(await codeOf(lab.plane.rollouts.create(other, OPERATOR))).toBe("ROLLOUT_NAME_TAKEN");
  });
});
