import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { problemSchema } from "@muster/protocol/http";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { KEEP_ALIVE_MS } from "../live/event-stream.ts";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

// Real sockets and processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

async function send(method: string, path: string, body?: string, type = "application/json") {
  const headers = { ...(body !== undefined && { "content-type": type }) };
  const response = await api.call(path, { method, headers, ...(body !== undefined && { body }) });
  const raw = await response.text();
  return { response, raw, status: response.status };
}

/** The answer is a refusal that tells the caller what to do, and nothing about the inside. */
function refusalOf({ response, raw, status }: Awaited<ReturnType<typeof send>>) {
  expect(response.headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
  const problem = problemSchema.parse(JSON.parse(raw));
  expect(status).toBe(problem.status);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(problem.help.length).toBeGreaterThan(10);
  expect(raw).not.toMatch(/node_modules|\.ts:\d|at [A-Z]\w+ \(/);
  return problem;
}

const LONG = "x".repeat(70_000);
const HOSTILE_STRINGS = [
  "",
  " ",
  LONG,
  "../../etc/passwd",
  "\u0000",
  "'; drop table agents; --",
  "\ud800",
  "<script>",
];
const WRONG_TYPES = [null, 1, true, [], {}];

const ROLLOUT = {
  product: "app",
  version: "1.0.0",
  cohort: { kind: "all" },
  strategy: { kind: "immediate" },
} as const;

/** Each body, its field, and values that the field does not take. */
const WRONG_FIELDS: readonly (readonly [string, object, string, readonly unknown[]])[] = [
  [
    "/api/v1/releases",
    unsigned(),
    "manifest",
    [undefined, ...WRONG_TYPES, "not base64!", "x".repeat(4_000_004)],
  ],
  [
    "/api/v1/releases",
    unsigned(),
    "signatures",
    [undefined, ...WRONG_TYPES, "not base64!", "x".repeat(200_004)],
  ],
  ["/api/v1/releases", unsigned(), "source", [undefined, ...WRONG_TYPES, "ftp", ""]],
  [
    "/api/v1/releases/app/1.0.0/yank",
    { why: "It eats disks." },
    "why",
    [undefined, ...WRONG_TYPES, "", LONG],
  ],
  ["/api/v1/tokens", {}, "maxUses", ["1", 0, -1, 1.5, 1_000_001, null, [], {}]],
  ["/api/v1/tokens", {}, "expiresInMs", ["1", 0, 59_999, 1.5, 366 * 86_400_000, null]],
  ["/api/v1/tokens", {}, "labels", [null, [], "a", { a: 1 }, { [LONG]: "a" }, { a: LONG }]],
  ["/api/v1/tokens", {}, "product", [null, 1, ...HOSTILE_STRINGS, "App"]],
  ["/api/v1/rollouts", ROLLOUT, "product", [undefined, ...WRONG_TYPES, ...HOSTILE_STRINGS]],
  ["/api/v1/rollouts", ROLLOUT, "version", [undefined, ...WRONG_TYPES, "1", LONG]],
  [
    "/api/v1/rollouts",
    ROLLOUT,
    "cohort",
    [
      undefined,
      ...WRONG_TYPES,
      { kind: "everybody" },
      { kind: "all", ids: [] },
      { kind: "agents" },
      { kind: "agents", ids: [] },
      { kind: "agents", ids: ["../a"] },
      { kind: "agents", ids: [1] },
      { kind: "labels" },
      { kind: "labels", expression: "" },
      { kind: "labels", expression: LONG },
    ],
  ],
  [
    "/api/v1/rollouts",
    ROLLOUT,
    "strategy",
    [
      undefined,
      ...WRONG_TYPES,
      { kind: "batches" },
      { kind: "batches", size: 0, delayMs: 0 },
      { kind: "batches", size: 1, delayMs: -1 },
      { kind: "waves", waves: [], settleMs: 0, approval: "automatic" },
      { kind: "waves", waves: [{ percent: 101 }], settleMs: 0, approval: "automatic" },
      { kind: "waves", waves: [{ percent: 0 }], settleMs: 0, approval: "automatic" },
      { kind: "waves", waves: [{ percent: 5, count: 5 }], settleMs: 0, approval: "automatic" },
      { kind: "waves", waves: [{ percent: 100 }], settleMs: 0, approval: "never" },
      {
        kind: "waves",
        waves: Array.from({ length: 51 }, () => ({ count: 1 })),
        settleMs: 0,
        approval: "manual",
      },
    ],
  ],
  ["/api/v1/rollouts", ROLLOUT, "maxInFlight", [0, -1, 1.5, "1", null, 100_001]],
  [
    "/api/v1/rollouts",
    ROLLOUT,
    "failurePolicy",
    [null, [], { threshold: {} }, { action: "explode" }, { other: 1 }],
  ],
  ["/api/v1/rollouts", ROLLOUT, "allowDowngrade", ["true", 1, null]],
  ["/api/v1/rollouts", ROLLOUT, "limits", [null, { deadlineMs: 1 }, { maxBoots: 0 }, { unknown: 1 }]],
  ["/api/v1/rollouts", ROLLOUT, "deadlines", [null, { downloading: 1 }, { restarting: "1" }]],
  ["/api/v1/rollouts", ROLLOUT, "priority", [null, 1, "urgent"]],
  ["/api/v1/rollouts", ROLLOUT, "startAt", ["now", -1, 1.5, {}]],
  ["/api/v1/rollouts", ROLLOUT, "surprise", [1]],
  ["/api/v1/session", { token: "x" }, "token", [undefined, ...WRONG_TYPES, "", "x".repeat(257)]],
];

function unsigned() {
  return { manifest: "e30=", signatures: "e30=", source: "upload" };
}

describe.each(WRONG_FIELDS)("POST %s %j", (path, body, field, values) => {
  test.each(values.map((value) => [label(value), value]))(
    `refuses ${field}: %s, and names it`,
    async (_label, value) => {
      const problem = refusalOf(await send("POST", path, JSON.stringify({ ...body, [field]: value })));
      expect(problem.code).toBe("REQUEST_INVALID");
      expect(String(problem.details["field"])).toMatch(new RegExp(`^${field}\\b`));
    },
  );
});

describe("a rollout's preview", () => {
  test.each(WRONG_FIELDS.filter(([path]) => path === "/api/v1/rollouts"))(
    "refuses what the rollout refuses: %s %j %s",
    async (_path, body, field, values) => {
      for (const value of values) {
        const request = JSON.stringify({ ...body, [field]: value });
        expect(refusalOf(await send("POST", "/api/v1/rollouts/preview", request)).retryable).toBe(false);
      }
    },
  );
});

const PEOPLE_PATHS = [
  "/api/v1/setup",
  "/api/v1/session/password",
  "/api/v1/session/passkey",
  "/api/v1/users",
  "/api/v1/users/alice/grant",
  "/api/v1/users/alice/revoke",
  "/api/v1/api-tokens",
  "/api/v1/me/password",
  "/api/v1/me/totp/confirm",
  "/api/v1/me/passkeys",
];

describe("a body", () => {
  const PATHS = [
    "/api/v1/releases",
    "/api/v1/tokens",
    "/api/v1/rollouts",
    "/api/v1/session",
    ...PEOPLE_PATHS,
  ];
  test.each(PATHS)("that is not JSON is refused at %s", async (path) => {
    for (const body of [
      "",
      "{",
      "nonsense",
      "\u0000",
      '{"a":1}}',
      "[1,2",
      "NaN",
      '"text"',
      "null",
      "[]",
      "1",
    ]) {
      expect(refusalOf(await send("POST", path, body)).code).toBe("REQUEST_INVALID");
    }
  });

  test.each(PATHS)("that would change prototypes is refused at %s", async (path) => {
    for (const body of ['{"__proto__":{"admin":true}}', '{"constructor":{"prototype":{"a":1}}}']) {
      expect(refusalOf(await send("POST", path, body)).code).toBe("REQUEST_INVALID");
    }
  });

  test.each(PATHS)("of another type is refused at %s", async (path) => {
    for (const type of [
      "text/plain",
      "application/xml",
      "multipart/form-data",
      "application/octet-stream",
      "nonsense",
    ]) {
      expect(refusalOf(await send("POST", path, "{}", type)).code).toBe("REQUEST_INVALID");
    }
  });

  test("that is missing is refused", async () => {
    for (const path of PATHS) expect(refusalOf(await send("POST", path)).code).toBe("REQUEST_INVALID");
  });

  test("that is too large is refused", async () => {
    const body = JSON.stringify({ token: "x".repeat(2_000_000) });
    expect(refusalOf(await send("POST", "/api/v1/session", body)).code).toBe("REQUEST_TOO_LARGE");
    const manifest = JSON.stringify({ ...unsigned(), manifest: "A".repeat(6_000_000) });
    expect(refusalOf(await send("POST", "/api/v1/releases", manifest)).code).toBe("REQUEST_TOO_LARGE");
  });

  test("nested without end is refused", async () => {
    expect(refusalOf(await send("POST", "/api/v1/rollouts", "[".repeat(100_000))).retryable).toBe(false);
    const deep = `{"cohort":${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}`;
    expect(refusalOf(await send("POST", "/api/v1/rollouts", deep)).retryable).toBe(false);
  });
});

describe("a manifest", () => {
  test.each(["", "e30=", "AAAA", Buffer.from('{"schema":1}').toString("base64")])(
    "that was not signed is refused: %j",
    async (manifest) => {
      const request = JSON.stringify({ ...unsigned(), manifest });
      expect(refusalOf(await send("POST", "/api/v1/releases", request)).code).toMatch(/^SIGNATURE_/);
    },
  );
});

describe("an upload", () => {
  const path = "/api/v1/releases/app/1.0.0/artifacts/linux/amd64";
  test("of anything but bytes is refused", async () => {
    expect(refusalOf(await send("PUT", path, "{}", "application/json")).code).toBe("REQUEST_INVALID");
    expect(refusalOf(await send("PUT", path)).code).toBe("REQUEST_INVALID");
  });

  test("to a release or platform that is not there is refused", async () => {
    const bytes = "application/octet-stream";
    expect(refusalOf(await send("PUT", path, "x", bytes)).code).toBe("RESOURCE_NOT_FOUND");
    expect(refusalOf(await send("PUT", "/api/v1/releases/..%2f/1/artifacts/a/b", "x", bytes)).retryable).toBe(
      false,
    );
    expect(refusalOf(await send("PUT", `${path}${LONG.slice(0, 600)}`, "x", bytes)).retryable).toBe(false);
  });

  test("that is cut off leaves nothing, and the next one is taken", async () => {
    const release = api.signer.sign({ version: "7.0.0", archives: { "linux/amd64": Buffer.alloc(1000) } });
    const body = {
      manifest: Buffer.from(release.manifest).toString("base64"),
      signatures: Buffer.from(release.signatures).toString("base64"),
      source: "upload",
    };
    expect((await send("POST", "/api/v1/releases", JSON.stringify(body))).status).toBe(200);
    const target = "/api/v1/releases/app/7.0.0/artifacts/linux/amd64";
    const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
    socket.write(
      `PUT ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.adminToken}\r\n` +
        `Content-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\nhalf`,
    );
    await expect
      .poll(async () => (await send("GET", "/api/v1/releases/app/7.0.0")).raw)
      .toContain("mirroring");
    socket.destroy();
    const response = await api.call(target, {
      method: "PUT",
      body: new Uint8Array(1000),
      headers: { "content-type": "application/octet-stream" },
    });
    expect(await response.json()).toMatchObject({ state: "ready" });
  });
});

describe("a query", () => {
  test.each([
    ["/api/v1/agents?limit=0", "limit"],
    ["/api/v1/agents?limit=501", "limit"],
    ["/api/v1/agents?limit=abc", "limit"],
    ["/api/v1/agents?limit=1&limit=2", "limit"],
    ["/api/v1/agents?limit=1e3", "limit"],
    ["/api/v1/agents?sort=password", "sort"],
    ["/api/v1/agents?online=maybe", "online"],
    ["/api/v1/agents?attention=all", "attention"],
    [`/api/v1/agents?labels=${"x".repeat(2049)}`, "labels"],
    ["/api/v1/agents?search=", "search"],
    ["/api/v1/agents?product=../x", "product"],
    ["/api/v1/agents?cursor=x", "cursor"],
    [`/api/v1/releases?cursor=${"x".repeat(513)}`, "cursor"],
    ["/api/v1/releases?product=UPPER", "product"],
    [`/api/v1/rollouts?state=${"x".repeat(33)}`, "state"],
    ["/api/v1/rollouts/r1/targets?group=everything", "group"],
    ["/api/v1/rollouts/r1/targets?wave=-1", "wave"],
    ["/api/v1/live?rollout=../x", "rollout"],
  ])("%s is refused by name", async (path, field) => {
    const problem = refusalOf(await send("GET", path));
    expect(problem).toMatchObject({ code: "REQUEST_INVALID", details: { field } });
  });
});

test.each(["x", "W10", "WzEsMl0"])("the cursor %s, which no list has given, is refused", async (cursor) => {
  expect(refusalOf(await send("GET", `/api/v1/releases?cursor=${cursor}`)).code).toBe("REQUEST_INVALID");
});

describe("an address", () => {
  test.each([
    "/api/v1/agents/..%2f..%2fetc%2fpasswd",
    "/api/v1/agents/%00",
    "/api/v1/agents/-x",
    `/api/v1/agents/${"x".repeat(65)}`,
    `/api/v1/agents/${"x".repeat(600)}`,
    "/api/v1/agents/%zz",
    "/api/v1/agents/%c0%af",
    "/api/v1/rollouts/%E2%98%83",
    "/api/v1/releases/APP/1.0.0",
    "/api/v1/releases/app/1",
    "/api/v1/errors/__proto__",
    "/api/v1/errors/toString",
  ])("GET %s is refused", async (path) => {
    expect(refusalOf(await send("GET", path)).retryable).toBe(false);
  });

  test.each([
    ["GET", "/api"],
    ["GET", "/api/v2/agents"],
    ["GET", "/api/v1/"],
    ["PATCH", "/api/v1/agents"],
    ["DELETE", "/api/v1/agents/a1"],
    ["POST", "/api/v1/rollouts/r1/explode"],
    ["POST", "/api/v1/rollouts/r1/read"],
    ["GET", "/api/v1/rollouts/r1/pause"],
    ["PUT", "/"],
    ["OPTIONS", "/api/v1/agents"],
  ])("%s %s does not exist", async (method, path) => {
    expect(refusalOf(await send(method, path)).code).toBe("ROUTE_NOT_FOUND");
  });

  test.each(["/api/v1/agents/nobody", "/api/v1/rollouts/nothing", "/api/v1/releases/app/9.9.9"])(
    "%s is not there, and that is not the same as no such address",
    async (path) => {
      expect(refusalOf(await send("GET", path)).code).toMatch(/^(AGENT|RESOURCE)_NOT_FOUND$/);
    },
  );
});

async function sendRaw(bytes: string): Promise<string> {
  const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
  socket.write(bytes);
  return text(socket);
}

describe("what is not HTTP", () => {
  test.each([
    ["nonsense", "nonsense\r\n\r\n"],
    ["a TLS greeting", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000"],
    ["a header without end", `GET / HTTP/1.1\r\nX: ${"x".repeat(20_000)}\r\n\r\n`],
    ["two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
    [
      "length and chunks",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
  ])("%s is answered with a problem and ended", async (_what, bytes) => {
    const answer = await sendRaw(bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer).toContain("application/problem+json");
    expect(problemSchema.parse(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")))).code).toMatch(
      /^REQUEST_/,
    );
  });
});

test("a stranger whose body never comes does not keep the connection for ever", async () => {
  const { server } = api.app;
  const idleMs = server.timeout;
  // Longer than a stream of events is ever silent.
  expect(idleMs).toBeGreaterThan(KEEP_ALIVE_MS);
  server.timeout = 50;
  try {
    const head = "Host: x\r\nContent-Type: application/json\r\nContent-Length: 100";
    await sendRaw(`POST /api/v1/session HTTP/1.1\r\n${head}\r\n\r\n{"half`);
  } finally {
    server.timeout = idleMs;
  }
});

test("no JSON at all makes the server fail", async () => {
  const paths = [
    "/api/v1/releases",
    "/api/v1/tokens",
    "/api/v1/rollouts",
    "/api/v1/session",
    ...PEOPLE_PATHS,
  ];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), fc.json(), async (path, body) => {
      const { status } = await send("POST", path, body);
      expect(status).toBeLessThan(500);
    }),
    { numRuns: 200 },
  );
});

test("nothing of this was worth an error in the log", () => {
  expect(api.log).toEqual([]);
});

function label(value: unknown): string {
  return (JSON.stringify(value) ?? "left out").slice(0, 60);
}
