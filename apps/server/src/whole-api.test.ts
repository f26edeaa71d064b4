import { problemSchema } from "@muster/protocol/http";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createLog } from "./observe/log.ts";
import { type RunningServer, startServer } from "./start-server.ts";
import { createServerFolder, type ServerFolder } from "./testing/server-folder.ts";

// Real sockets and processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

/** The API over everything that really stands behind it. */
let folder: ServerFolder;
let server: RunningServer;
const errors: string[] = [];

beforeAll(async () => {
  folder = await createServerFolder();
  const destination = { write: (line: string) => void errors.push(line) };
  server = await startServer(folder.settings, createLog({ quiet: true, destination }));
});
afterAll(async () => {
  await server.close();
  await folder.dispose();
});

const call = (path: string, init: RequestInit = {}) =>
  fetch(`${server.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${server.adminToken}`, "content-type": "application/json" },
  });

const LISTS = ["/api/v1/agents", "/api/v1/tokens", "/api/v1/rollouts", "/api/v1/releases"];
const CURSORS = [
  "x",
  "e30",
  "W10",
  "WzFd",
  "WzEsMl0",
  "WyJhIiwxXQ",
  "bnVsbA",
  "W251bGwsbnVsbF0",
  "%00",
  "x".repeat(512),
];

describe.each(LISTS)("%s", (path) => {
  test("is empty at first", async () => {
    expect(await (await call(path)).json()).toEqual({ items: [], nextCursor: null, total: 0 });
  });

  test.each(CURSORS)("refuses the cursor %s, which it has not given", async (cursor) => {
    const response = await call(`${path}?cursor=${cursor}`);
    expect(response.status).toBe(400);
    expect(problemSchema.parse(await response.json()).code).toBe("REQUEST_INVALID");
  });
});

test.each(["hostname", "-hostname", "version", "-version", "lastSeenAt", "-lastSeenAt"])(
  "agents by %s refuse the cursors they have not given",
  async (sort) => {
    for (const cursor of CURSORS) {
      expect((await call(`/api/v1/agents?sort=${sort}&cursor=${cursor}`)).status).toBe(400);
    }
  },
);

test.each([
  ["GET", "/api/v1/agents/nobody"],
  ["GET", "/api/v1/agents/nobody/targets"],
  ["POST", "/api/v1/agents/nobody/revoke"],
  ["DELETE", "/api/v1/tokens/nothing"],
  ["GET", "/api/v1/rollouts/nothing"],
  ["GET", "/api/v1/rollouts/nothing/targets"],
  ["POST", "/api/v1/rollouts/nothing/pause"],
  ["POST", "/api/v1/rollouts/nothing/resume"],
  ["POST", "/api/v1/rollouts/nothing/approve"],
  ["POST", "/api/v1/rollouts/nothing/cancel"],
  ["POST", "/api/v1/rollouts/nothing/retry"],
  ["GET", "/api/v1/releases/app/9.9.9"],
  ["GET", "/api/v1/live?rollout=nothing"],
])("%s %s is not there", async (method, path) => {
  // A body, even an empty one, is not asked for.
  const headers = { authorization: `Bearer ${server.adminToken}` };
  const response = await fetch(`${server.url}${path}`, { method, headers });
  expect(response.status).toBe(404);
  expect(problemSchema.parse(await response.json()).code).toMatch(/_NOT_FOUND$/);
});

const RELEASE_THAT_IS_NOT = {
  product: "app",
  version: "9.9.9",
  cohort: { kind: "all" },
  strategy: { kind: "immediate" },
};

test.each(["/api/v1/rollouts", "/api/v1/rollouts/preview"])(
  "%s refuses a release that is not there",
  async (path) => {
    const response = await call(path, { method: "POST", body: JSON.stringify(RELEASE_THAT_IS_NOT) });
    expect(response.status).toBe(404);
  },
);

/** Text as somebody would write it into a filter, right, wrong or hostile. */
const filterText = fc.oneof(
  fc.string({ minLength: 1, maxLength: 60, unit: "binary" }),
  fc.stringMatching(/^[a-z%_'"\\;(),=!* -]{1,40}$/),
  fc.constantFrom(
    "env=production,os!=windows",
    "env=",
    "=a",
    ",,",
    "a=b,a=c",
    "%",
    "_",
    "'",
    "1.0.0' or '1'='1",
  ),
);

test("no filter makes the server fail", async () => {
  const filters = fc.record(
    {
      search: filterText,
      labels: filterText,
      version: filterText,
      state: filterText,
      os: filterText,
      arch: filterText,
      product: filterText,
      online: fc.constantFrom("true", "false"),
      attention: fc.constantFrom("failed", "stuck", "unknown_version"),
      sort: fc.constantFrom("version", "-lastSeenAt"),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(filters, async (query) => {
      const response = await call(`/api/v1/agents?${new URLSearchParams(query).toString()}`);
      await response.arrayBuffer();
      expect(response.status).toBeLessThan(500);
    }),
    { numRuns: 150 },
  );
});

test("no cohort makes the server fail", async () => {
  const cohort = fc.oneof(
    fc.record({ kind: fc.constant("labels"), expression: filterText }),
    fc.record({ kind: fc.constant("agents"), ids: fc.array(filterText, { minLength: 1, maxLength: 5 }) }),
    fc.json(),
  );
  await fc.assert(
    fc.asyncProperty(cohort, async (value) => {
      const body = JSON.stringify({ ...RELEASE_THAT_IS_NOT, cohort: value });
      const response = await call("/api/v1/rollouts/preview", { method: "POST", body });
      await response.arrayBuffer();
      expect(response.status).toBeLessThan(500);
    }),
    { numRuns: 100 },
  );
});

test("the metrics are those of an empty fleet, and nothing was logged as an error", async () => {
  const text = await (await call("/metrics")).text();
  expect(text).toContain('muster_agents{state="offline"} 0');
  expect(text).toContain('muster_gateway{kind="streams"} 0');
  expect(errors).toEqual([]);
});
