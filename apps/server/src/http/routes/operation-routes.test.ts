import { problemSchema } from "@muster/protocol/http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createPeopleScene, inGroup, type PeopleScene } from "../../testing/people-scene.ts";
import { startTestApi, type TestApi } from "../../testing/test-api.ts";

// Real sockets, on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

let api: TestApi;
let scene: PeopleScene;
beforeAll(async () => {
  api = await startTestApi({ publicUrl: new URL("http://muster.example") });
  scene = await createPeopleScene(api);
});
afterAll(() => api.close());

const DOCUMENT = {
  apiVersion: "muster/v1",
  kind: "MachineOperation",
  operationKind: "AgentUpgrade",
  metadata: { name: "op1" },
  spec: { machineRef: "a1", parameters: { version: "2.0.0" } },
};

const post = (path: string, body: unknown, token?: string) =>
  api.call(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    ...(token !== undefined && { token }),
  });

/** An operator's token in one group: what a host that polls is given. */
async function tokenIn(groupId: string): Promise<string> {
  const made = await scene.json("/api/v1/api-tokens", "POST", {
    name: groupId,
    grants: [inGroup("operator", groupId)],
  });
  return String(made.body["token"]);
}

describe("an operation", () => {
  test("is asked for by a document, and read by its name", async () => {
    const response = await post("/api/v1/operations", DOCUMENT);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ metadata: { name: "op1" }, status: { phase: "pending" } });
    expect((await api.call("/api/v1/operations/op1")).status).toBe(200);
    expect(await (await api.call("/api/v1/operations")).json()).toMatchObject({ total: 1 });
    expect((await api.call("/api/v1/operations/op9")).status).toBe(404);
  });

  test.each([
    ["no kind", { ...DOCUMENT, kind: undefined }, "kind"],
    ["another kind", { ...DOCUMENT, kind: "Rollout" }, "kind"],
    ["another thing to do", { ...DOCUMENT, operationKind: "Reboot" }, "operationKind"],
    ["a field that is not known", { ...DOCUMENT, dryRun: true }, "dryRun"],
    ["a name that leads elsewhere", { ...DOCUMENT, metadata: { name: "../users" } }, "metadata.name"],
    ["a name of nothing", { ...DOCUMENT, metadata: { name: "" } }, "metadata.name"],
    ["no machine", { ...DOCUMENT, spec: { ...DOCUMENT.spec, machineRef: "" } }, "spec.machineRef"],
    [
      "a machine with a line break",
      { ...DOCUMENT, spec: { ...DOCUMENT.spec, machineRef: "a\nb" } },
      "spec.machineRef",
    ],
    ["no parameters", { ...DOCUMENT, spec: { machineRef: "a1", parameters: {} } }, "spec.parameters"],
    [
      "both parameters",
      {
        ...DOCUMENT,
        spec: { machineRef: "a1", parameters: { version: "2.0.0", downloadURL: "https://example.com/x" } },
      },
      "spec.parameters",
    ],
    [
      "an address that is none",
      { ...DOCUMENT, spec: { machineRef: "a1", parameters: { downloadURL: "x" } } },
      "spec.parameters.downloadURL",
    ],
  ])("with %s is refused, and the field is named", async (_, body, field) => {
    const response = await post("/api/v1/operations", body);
    expect(response.status).toBe(400);
    expect(problemSchema.parse(await response.json())).toMatchObject({
      code: "REQUEST_INVALID",
      details: { field },
    });
  });

  test.each(["/api/v1/operations", "/api/v1/agents/a1/update"])("is not for viewers: %s", async (path) => {
    const response = await post(path, DOCUMENT, await api.tokenFor("viewer"));
    expect([response.status, problemSchema.parse(await response.json()).code]).toEqual([
      403,
      "AUTH_FORBIDDEN",
    ]);
  });

  test("is for who may update the machine: it is not there for others", async () => {
    await api.tokenFor("operator");
    expect((await post("/api/v1/operations", DOCUMENT, await tokenIn("grp_1"))).status).toBe(200);
    const other = await tokenIn("grp_2");
    const response = await post("/api/v1/operations", DOCUMENT, other);
    expect([response.status, problemSchema.parse(await response.json()).code]).toEqual([
      404,
      "AGENT_NOT_FOUND",
    ]);
    expect((await api.call("/api/v1/operations/op1", { token: other })).status).toBe(403);
  });
});

describe("an agent that polls", () => {
  test("sees and takes what it is offered with a token of its group, and nobody else's", async () => {
    const own = await tokenIn("grp_1");
    const offer = await api.call("/api/v1/agents/a1/updates/available", { token: own });
    expect(await offer.json()).toMatchObject({ ready: true, available: { version: "2.0.0" } });
    expect(await (await post("/api/v1/agents/a1/update", {}, own)).json()).toMatchObject({
      kind: "MachineOperation",
      status: { agentId: "a1" },
    });
    const other = await tokenIn("grp_2");
    expect((await api.call("/api/v1/agents/a1/updates/available", { token: other })).status).toBe(403);
    expect((await post("/api/v1/agents/a1/update", {}, other)).status).toBe(403);
    expect((await api.call("/api/v1/agents/a1/updates/available", { token: null })).status).toBe(401);
  });

  test("chooses neither version nor address", async () => {
    const response = await post("/api/v1/agents/a1/update", { version: "0.1.0" });
    expect(problemSchema.parse(await response.json())).toMatchObject({ details: { field: "version" } });
  });
});
