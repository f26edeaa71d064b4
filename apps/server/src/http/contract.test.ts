import {
  agentPageSchema,
  agentSchema,
  createClient,
  createdTokenSchema,
  overviewSchema,
  previewSchema,
  releasePageSchema,
  releaseSchema,
  rolloutPageSchema,
  rolloutSchema,
  sessionSchema,
  targetPageSchema,
  tokenPageSchema,
} from "@muster/protocol/http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { z } from "zod";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

// Real sockets and processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const json = (body: unknown): RequestInit => ({
  body: JSON.stringify(body),
  headers: { "content-type": "application/json" },
});

const ROLLOUT = {
  product: "app",
  version: "1.0.0",
  cohort: { kind: "all" },
  strategy: { kind: "immediate" },
};

type Answer = readonly [method: string, path: string, schema: z.ZodType, body?: unknown];

const ANSWERS: readonly Answer[] = [
  ["GET", "/api/v1/overview", overviewSchema],
  ["GET", "/api/v1/agents?limit=5&online=true&labels=env%3Dtest&sort=-version", agentPageSchema],
  ["GET", "/api/v1/agents/a1", agentSchema],
  ["GET", "/api/v1/agents/a1/targets", targetPageSchema],
  ["POST", "/api/v1/agents/a1/forgive", agentSchema],
  ["POST", "/api/v1/agents/a1/revoke", agentSchema],
  ["POST", "/api/v1/tokens", createdTokenSchema, {}],
  [
    "POST",
    "/api/v1/tokens",
    createdTokenSchema,
    { maxUses: 5, expiresInMs: 60_000, labels: { a: "b" }, product: "app" },
  ],
  ["GET", "/api/v1/tokens", tokenPageSchema],
  ["POST", "/api/v1/rollouts/preview", previewSchema, ROLLOUT],
  ["POST", "/api/v1/rollouts", rolloutSchema, ROLLOUT],
  ["GET", "/api/v1/rollouts?state=running", rolloutPageSchema],
  ["GET", "/api/v1/rollouts/r1", rolloutSchema],
  ["GET", "/api/v1/rollouts/r1/targets?group=failed&wave=0", targetPageSchema],
  ["POST", "/api/v1/rollouts/r1/pause", rolloutSchema],
  ["POST", "/api/v1/rollouts/r1/resume", rolloutSchema],
  ["POST", "/api/v1/rollouts/r1/approve", rolloutSchema],
  ["POST", "/api/v1/rollouts/r1/cancel", rolloutSchema],
  ["POST", "/api/v1/rollouts/r1/retry", rolloutSchema],
  ["GET", "/api/v1/releases", releasePageSchema],
  ["GET", "/api/v1/session", sessionSchema],
];

describe("each route answers in the form of its schema", () => {
  test.each(ANSWERS.map((answer) => ({ answer, name: `${answer[0]} ${answer[1]}` })))(
    "$name",
    async ({ answer }) => {
      const [method, path, schema, body] = answer;
      const response = await api.call(path, { method, ...(body !== undefined && json(body)) });
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toMatch(/^application\/json/);
      expect(response.headers.get("cache-control")).toBe("no-store");
      const value: unknown = await response.json();
      expect(schema.parse(value)).toEqual(value);
    },
  );

  test("DELETE /api/v1/tokens/:id says nothing", async () => {
    const response = await api.call("/api/v1/tokens/k1", { method: "DELETE" });
    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
  });
});

describe("a release, through the typed client", () => {
  test("is published, uploaded, listed, read and yanked", async () => {
    const client = createClient({ server: api.url, token: api.adminToken });
    const release = api.signer.sign({ version: "1.0.0", notes: "First." });
    const published = await client.releases.publish({
      manifest: Buffer.from(release.manifest).toString("base64"),
      signatures: Buffer.from(release.signatures).toString("base64"),
      source: "upload",
    });
    expect(published).toMatchObject({ state: "draft", publishedBy: "administrator", signedBy: ["key 1"] });
    const key = { product: "app", version: "1.0.0" };
    const archive = new Uint8Array(release.archives["linux/amd64"] ?? []);
    const wrong = client.releases.upload(
      { ...key, os: "linux", arch: "amd64" },
      new Uint8Array(archive.length),
    );
    await expect(wrong).rejects.toMatchObject({ code: "ARTIFACT_DIGEST_MISMATCH" });
    const ready = await client.releases.upload({ ...key, os: "linux", arch: "amd64" }, archive);
    expect(releaseSchema.parse(ready).state).toBe("ready");
    expect(await client.releases.get(key)).toEqual(ready);
    expect((await client.releases.list({ product: "app" })).items).toEqual([ready]);
    expect(await client.releases.yank(key, "It eats disks.")).toMatchObject({ state: "yanked" });
    const again = client.releases.publish({
      manifest: Buffer.from(release.manifest).toString("base64"),
      signatures: Buffer.from(release.signatures).toString("base64"),
      source: "upload",
    });
    await expect(again).rejects.toMatchObject({ code: "RELEASE_YANKED" });
  });

  test("of 20 megabytes is uploaded as a stream of unknown length", async () => {
    const archive = Buffer.alloc(20 * 1_048_576, "0123456789abcdef");
    const release = api.signer.sign({ version: "2.0.0", archives: { "linux/arm64": archive } });
    const client = createClient({ server: api.url, token: api.adminToken });
    await client.releases.publish({
      manifest: Buffer.from(release.manifest).toString("base64"),
      signatures: Buffer.from(release.signatures).toString("base64"),
      source: "upload",
    });
    const stream = new Blob([archive]).stream();
    const key = { product: "app", version: "2.0.0", os: "linux", arch: "arm64" };
    expect((await client.releases.upload(key, stream)).state).toBe("ready");
  });

  test("that is larger than it was signed is refused with an answer that can be read, and holds nobody up", async () => {
    const own = await startTestApi();
    const release = own.signer.sign({ version: "3.0.0" });
    const client = createClient({ server: own.url, token: own.adminToken });
    await client.releases.publish({
      manifest: Buffer.from(release.manifest).toString("base64"),
      signatures: Buffer.from(release.signatures).toString("base64"),
      source: "upload",
    });
    const key = { product: "app", version: "3.0.0", os: "linux", arch: "amd64" };
    await expect(client.releases.upload(key, new Uint8Array(5_000_000))).rejects.toMatchObject({
      code: "MIRROR_TOO_LARGE",
    });
    // It waits for every request that is not at its end.
    await own.close();
  });
});

describe("the system's own routes", () => {
  test.each(["/healthz", "/readyz"])("%s answers without credentials", async (path) => {
    const response = await api.call(path, { token: null });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok" });
  });

  test("/metrics counts agents, targets, rollouts, requests and the process", async () => {
    await api.call("/api/v1/agents");
    const response = await api.call("/metrics");
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    expect(text).toContain('muster_agents{state="online"} 1');
    expect(text).toContain('muster_agents_version{product="app",version="1.0.0"} 2');
    expect(text).toContain('muster_targets{state="healthy"} 1');
    expect(text).toContain('muster_rollouts{state="running"} 1');
    expect(text).toContain('muster_gateway{kind="streams"} 2');
    expect(text).toMatch(
      /muster_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/agents",status="200"\} \d/,
    );
    expect(text).toContain("process_cpu_seconds_total");
  });

  test("an error code is explained where a problem's type points to", async () => {
    const problem = (await (await api.call("/api/v1/agents/nobody")).json()) as { type: string };
    const response = await api.call(problem.type, { token: null });
    expect(await response.json()).toMatchObject({ code: "AGENT_NOT_FOUND", help: expect.any(String) });
  });
});
