import { brotliCompressSync, gzipSync } from "node:zlib";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

// Real sockets, on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

const INDEX = "<!doctype html><title>Muster</title>";
const SCRIPT = "console.log('muster')";
let base: string;
let folder: string;
let api: TestApi;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "muster-pages-"));
  folder = join(base, "dist");
  await mkdir(join(folder, "assets"), { recursive: true });
  await writeFile(join(folder, "index.html"), INDEX);
  await writeFile(join(folder, "favicon.svg"), "<svg/>");
  await writeFile(join(folder, "assets", "app-abc123.js"), SCRIPT);
  await writeFile(join(folder, "assets", "app-abc123.js.br"), brotliCompressSync(SCRIPT));
  await writeFile(join(folder, "assets", "app-abc123.js.gz"), gzipSync(SCRIPT));
  await writeFile(join(base, "outside.txt"), "secret");
  api = await startTestApi({ webFolder: folder });
});
afterAll(async () => {
  await api.close();
  await rm(base, { recursive: true });
});

/** A request whose path and encoding reach the server as they are written here. */
async function get(path: string, headers: Record<string, string> = {}, method = "GET") {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>(
    (resolve, reject) => {
      const { hostname, port } = new URL(api.url);
      request({ hostname, port, path, headers, method }, (response) => {
        buffer(response).then(
          (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
          reject,
        );
      })
        .on("error", reject)
        .end();
    },
  );
}

describe("the pages", () => {
  test.each(["/", "/agents", "/agents/01abc", "/rollouts/01abc?tab=targets", "/settings/agents/releases"])(
    "%s is the one document, never kept without asking",
    async (path) => {
      const { status, headers, body } = await get(path, { accept: "text/html" });
      expect(status).toBe(200);
      expect(body.toString()).toBe(INDEX);
      expect(headers).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
      });
    },
  );

  test("come with headers that let in nothing from elsewhere", async () => {
    const { headers } = await get("/");
    expect(headers["content-security-policy"]).toContain("default-src 'self'; style-src 'self'");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" });
    expect(headers).not.toHaveProperty("x-powered-by");
  });

  test.each([
    ["br, gzip", "br"],
    ["gzip", "gzip"],
    ["identity", undefined],
  ])("their assets are sent as the browser takes them (%s), and kept for ever", async (accept, encoding) => {
    const { status, headers } = await get("/assets/app-abc123.js", { "accept-encoding": accept });
    expect(status).toBe(200);
    expect(headers["content-encoding"]).toBe(encoding);
    expect(headers["content-type"]).toMatch(/^(text|application)\/javascript/);
    expect(headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  });

  test("other files are asked for again each time", async () => {
    const { status, headers } = await get("/favicon.svg");
    expect(status).toBe(200);
    expect(headers["cache-control"]).toBe("no-cache");
  });

  test("HEAD says the same without the document", async () => {
    const { status, headers, body } = await get("/agents", {}, "HEAD");
    expect([status, headers["content-type"], body.length]).toEqual([200, "text/html; charset=utf-8", 0]);
  });

  test.each([
    "/assets/missing.js",
    "/missing.png",
    "/assets/",
    "/assets",
    "/../outside.txt",
    "/assets/../../outside.txt",
    "/..%2foutside.txt",
    "/%2e%2e/outside.txt",
    "/assets/..%5c..%5coutside.txt",
    "/assets/%00.js",
    "//etc/passwd.txt",
  ])("%s is not there", async (path) => {
    const { status, headers, body } = await get(path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(body.toString()).not.toContain("secret");
  });

  test("nothing is sent to", async () => {
    expect((await get("/agents", {}, "POST")).status).toBe(404);
  });
});

test("pages that are not built say how to build them, and the API works without", async () => {
  const bare = await startTestApi();
  const response = await bare.call("/", { token: null });
  expect(response.status).toBe(503);
  expect(await response.text()).toContain("npm run build");
  expect((await bare.call("/api/v1/agents")).status).toBe(200);
  await bare.close();
});
