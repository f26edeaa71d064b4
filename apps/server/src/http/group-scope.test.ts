import type { AgentQuery, RolloutQuery } from "@muster/fleet";
import type { GrantView } from "@muster/protocol/http";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createBrowser } from "../testing/browser.ts";
import { sampleRollout } from "../testing/sample-views.ts";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

// Real sockets, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const PASSWORD = "four words nobody says";
/** The agent a1 is in grp_1, which is called edge. */
const PEOPLE: Readonly<Record<string, GrantView>> = {
  olaf: { role: "operator", groupId: "grp_1" },
  vera: { role: "viewer", groupId: "grp_1" },
  otto: { role: "operator", groupId: "grp_2" },
};

let api: TestApi;
const asked: (readonly string[] | undefined)[] = [];
const tokens = new Map<string, string>();

/** Answers an empty list, and notes to what it was narrowed. */
const note = ({ within }: Pick<AgentQuery | RolloutQuery, "within">) => {
  asked.push(within);
  return Promise.resolve({ items: [], nextCursor: null, total: 0 });
};

beforeAll(async () => {
  const { spec } = sampleRollout("r1");
  const forGroup = async (id: string) =>
    sampleRollout(id, { spec: { ...spec, cohort: { kind: "group", id: "grp_1" } } });
  api = await startTestApi({ agents: { list: note }, rollouts: { list: note, read: forGroup } });
  for (const [name, grant] of Object.entries(PEOPLE)) {
    const body = JSON.stringify({ name, password: PASSWORD, grants: [grant] });
    await api.call("/api/v1/users", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    const { body: session } = await createBrowser(api).signIn(name, PASSWORD, { carrier: "bearer" });
    tokens.set(name, String(session["secret"]));
  }
});
afterAll(() => api.close());
beforeEach(() => void asked.splice(0));

async function statusFor(name: string, line: string, body?: unknown): Promise<number> {
  const [method = "", path = ""] = line.split(" ");
  const response = await api.call(path, {
    method,
    token: tokens.get(name) ?? api.adminToken,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    }),
  });
  return response.status;
}

describe("a role in a group", () => {
  test.each([
    ["GET /api/v1/agents/a1", { olaf: 200, vera: 200, otto: 403, root: 200 }],
    ["GET /api/v1/agents/a1/targets", { olaf: 200, vera: 200, otto: 403, root: 200 }],
    ["GET /api/v1/agents/a1/desired", { olaf: 200, vera: 200, otto: 403, root: 200 }],
    ["POST /api/v1/agents/a1/revoke", { olaf: 200, vera: 403, otto: 403, root: 200 }],
    // Who may not see it is not told whether it is there.
    ["GET /api/v1/agents/a9", { olaf: 403, vera: 403, otto: 403, root: 404 }],
    ["GET /api/v1/groups/edge", { olaf: 200, vera: 200, otto: 403, root: 200 }],
    ["GET /api/v1/rollouts/r1", { olaf: 200, vera: 200, otto: 403, root: 200 }],
    ["GET /api/v1/rollouts/r1/targets", { olaf: 200, vera: 200, otto: 403, root: 200 }],
    ["POST /api/v1/rollouts/r1/pause", { olaf: 200, vera: 403, otto: 403, root: 200 }],
    ["POST /api/v1/rollouts/r1/cancel", { olaf: 200, vera: 403, otto: 403, root: 200 }],
    ["GET /api/v1/overview", { olaf: 403, vera: 403, otto: 403, root: 200 }],
    ["GET /api/v1/releases", { olaf: 403, vera: 403, otto: 403, root: 200 }],
    ["GET /api/v1/tokens", { olaf: 403, vera: 403, otto: 403, root: 200 }],
  ])("decides about %s", async (line, expected) => {
    for (const [name, status] of Object.entries(expected)) {
      expect([name, await statusFor(name, line)]).toEqual([name, status]);
    }
  });

  test.each([
    ["the group, by id", { kind: "group", id: "grp_1" }, 200],
    ["the group, by name", { kind: "group", id: "edge" }, 200],
    ["its agents", { kind: "agents", ids: ["a1"] }, 200],
    ["an agent of another group, too", { kind: "agents", ids: ["a1", "a2"] }, 403],
    ["another group", { kind: "group", id: "grp_2" }, 403],
    ["a group that is not there", { kind: "group", id: "grp_9" }, 403],
    ["whom a filter finds", { kind: "filter", filter: "group:edge" }, 403],
    ["everybody", { kind: "all" }, 403],
  ])("lets a rollout be for %s", async (_whom, cohort, status) => {
    const body = { product: "app", version: "1.0.0", cohort, strategy: { kind: "immediate" } };
    expect(await statusFor("olaf", "POST /api/v1/rollouts", body)).toBe(status);
    expect(await statusFor("vera", "POST /api/v1/rollouts", body)).toBe(403);
    expect(await statusFor("vera", "POST /api/v1/rollouts/preview", body)).toBe(status);
    expect(await statusFor("otto", "POST /api/v1/rollouts/preview", body)).toBe(
      "id" in cohort && cohort.id === "grp_2" ? 200 : 403,
    );
    expect(await statusFor("root", "POST /api/v1/rollouts/preview", body)).toBe(200);
  });

  test("narrows lists to the group", async () => {
    for (const name of ["olaf", "otto", "root"]) {
      expect(await statusFor(name, "GET /api/v1/agents")).toBe(200);
      expect(await statusFor(name, "GET /api/v1/rollouts")).toBe(200);
    }
    expect(asked).toEqual([["grp_1"], ["grp_1"], ["grp_2"], ["grp_2"], undefined, undefined]);
  });
});
