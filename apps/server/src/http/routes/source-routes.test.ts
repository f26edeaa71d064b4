import { type ReleaseHosts, startReleaseHosts } from "@muster/fleet/testing";
import {
  createClient,
  problemSchema,
  sourcePageSchema,
  sourceReleasesSchema,
  sourceSchema,
} from "@muster/protocol/http";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { startTestApi, type TestApi } from "../../testing/test-api.ts";

// Real sockets, on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

const TOKEN = "ghp_0123456789secret";
const SOURCE = { kind: "github", owner: "acme", repo: "agent", product: "app" } as const;
const MANIFEST = "app-release-manifest.json";
let hosts: ReleaseHosts;
let api: TestApi;

beforeAll(async () => {
  hosts = await startReleaseHosts();
  api = await startTestApi({ network: hosts.network });
});
afterAll(async () => {
  await api.close();
  await hosts.close();
});
afterEach(() => {
  hosts.intercept = null;
});

const client = () => createClient({ server: api.url, token: api.adminToken });

async function send(method: string, path: string, body?: unknown, token = api.adminToken) {
  const json = { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await api.call(path, { method, token, ...(body !== undefined && json) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
const codeOf = ({ text }: { readonly text: string }) => problemSchema.parse(JSON.parse(text)).code;

describe("a source, through the typed client", () => {
  test("is added, listed, asked for releases, imported from, changed and removed", async () => {
    const { sources, releases } = client();
    const source = await sources.create({ ...SOURCE, token: TOKEN });
    expect(sourceSchema.parse(source)).toEqual(source);
    expect(await sources.get("app")).toEqual(source);
    expect(sourcePageSchema.parse(await sources.list()).items).toEqual([source]);
    const signed = api.signer.sign({ version: "1.0.0" });
    const assets = {
      [MANIFEST]: signed.manifest,
      [`${MANIFEST}.sig`]: signed.signatures,
      "app_1.0.0_linux_amd64.tar.gz": signed.archives["linux/amd64"] ?? Buffer.alloc(0),
    };
    hosts.releases = [
      { tag: "v1.0.0", assets },
      { tag: "v0.9.0", assets: {} },
    ];
    const listed = await sources.releases("app", { refresh: true });
    expect(sourceReleasesSchema.parse(listed)).toEqual(listed);
    expect(listed.items.map(({ tag, ready, reason }) => [tag, ready, reason])).toEqual([
      ["v1.0.0", true, null],
      ["v0.9.0", false, "manifest_missing"],
    ]);
    const imported = await sources.import("app", { tag: "v1.0.0" });
    expect(imported).toMatchObject({ version: "1.0.0", origin: { source: "app", tag: "v1.0.0" } });
    await vi.waitFor(async () => expect(await releases.get(imported)).toMatchObject({ state: "ready" }));
    expect(await sources.update("app", { token: null })).toMatchObject({ hasToken: false });
    await sources.remove("app");
    await expect(sources.get("app")).rejects.toMatchObject({ code: "RESOURCE_NOT_FOUND" });
    await expect(releases.retry(imported)).rejects.toMatchObject({ code: "RELEASE_TRANSITION_INVALID" });
  });

  test("is written down with who did what, and never with its token", async () => {
    const actions = api.audited
      .map(({ action }) => action)
      .filter((action) => /^(source|release)\./.test(action));
    expect(actions).toEqual(["source.create", "release.import", "source.update", "source.remove"]);
    expect(api.audited.find(({ action }) => action === "release.import")).toMatchObject({
      resource: { kind: "release", id: "app/1.0.0" },
      details: { source: "app", tag: "v1.0.0" },
    });
    expect(JSON.stringify(api.audited)).not.toContain(TOKEN);
    expect(api.log.join("")).not.toContain(TOKEN);
  });
});

const READS = ["/api/v1/sources", "/api/v1/sources/none", "/api/v1/sources/none/releases"];
const CHANGES = ["POST /api/v1/sources", "PUT /api/v1/sources/none", "DELETE /api/v1/sources/none"];
const IMPORTS = ["POST /api/v1/sources/none/import", "POST /api/v1/releases/app/9.9.9/retry"];

const statusFor = async (route: string, role: "administrator" | "operator" | "viewer" | null) => {
  const [method = "", path = ""] = route.split(" ");
  const token = role === null ? null : await api.tokenFor(role);
  return (await api.call(path, { method, token })).status;
};

describe("who may", () => {
  test.each([...CHANGES, ...IMPORTS, ...READS.map((path) => `GET ${path}`)])(
    "%s: nobody without credentials",
    async (route) => {
      expect(await statusFor(route, null)).toBe(401);
    },
  );

  test.each(CHANGES)("%s: administrators only", async (route) => {
    expect(await statusFor(route, "viewer")).toBe(403);
    expect(await statusFor(route, "operator")).toBe(403);
    expect([400, 404]).toContain(await statusFor(route, "administrator"));
  });

  test.each(IMPORTS)("%s: operators, not viewers", async (route) => {
    expect(await statusFor(route, "viewer")).toBe(403);
    expect([400, 404]).toContain(await statusFor(route, "operator"));
  });

  test.each(READS)("GET %s: everybody", async (path) => {
    expect([200, 404]).toContain(await statusFor(`GET ${path}`, "viewer"));
  });
});

describe("a hostile request", () => {
  test.each([
    { ...SOURCE, owner: ".." },
    { ...SOURCE, owner: "acme/agent" },
    { ...SOURCE, repo: "." },
    { ...SOURCE, repo: "agent?x" },
    { ...SOURCE, repo: "agent%2f.." },
    { ...SOURCE, product: "../app" },
    { ...SOURCE, kind: "gitlab" },
    { ...SOURCE, token: "two\r\nlines" },
    { ...SOURCE, token: "" },
    { ...SOURCE, token: "x".repeat(2000) },
    { ...SOURCE, id: "Not A Name" },
    { ...SOURCE, kind: "forgejo", host: "https://git.example.com" },
    { ...SOURCE, kind: "forgejo", host: "git.example.com/../x" },
    { ...SOURCE, host: "api.github.com" },
  ])("to add the source %j is REQUEST_INVALID", async (body) => {
    const answer = await send("POST", "/api/v1/sources", body);
    expect(answer.status).toBe(400);
    expect(codeOf(answer)).toBe("REQUEST_INVALID");
    expect(answer.text).not.toContain("two\r\nlines");
  });

  test.each([
    "127.0.0.2",
    "127.2",
    "0x7f.2",
    "2130706434",
    "0177.0.0.2",
    "①②⑦.⓪.⓪.②",
    "127.0.0.2.",
    "10.0.0.1:3000",
    "169.254.169.254",
    "[::1]",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[fd00:ec2::254]",
  ])("to add a source on %s is refused", async (host) => {
    const answer = await send("POST", "/api/v1/sources", { ...SOURCE, kind: "forgejo", host });
    expect(answer.status).toBe(400);
    expect(codeOf(answer)).toBe("MIRROR_DESTINATION_FORBIDDEN");
  });

  test.each(["", "..", "../../user", "a..b", ".hidden", "a b", "a\nb", "a?b", "a:b", "x".repeat(300)])(
    "to import the tag %j is REQUEST_INVALID",
    async (tag) => {
      const answer = await send("POST", "/api/v1/sources/none/import", { tag });
      expect(codeOf(answer)).toBe("REQUEST_INVALID");
    },
  );

  test("to change the host of a source, whose token would go there, changes nothing", async () => {
    await client().sources.create({ ...SOURCE, id: "kept", token: TOKEN });
    const host = { host: "evil.example.com", kind: "forgejo" };
    await send("PUT", "/api/v1/sources/kept", host);
    expect(await client().sources.get("kept")).toMatchObject({ kind: "github", host: "github.com" });
    await client().sources.remove("kept");
  });
});

test("a host that limits its answers is reported with when to ask again", async () => {
  await client().sources.create(SOURCE);
  hosts.intercept = (_request, response) => {
    response.writeHead(429, { "retry-after": "90" }).end();
    return true;
  };
  const answer = await send("GET", "/api/v1/sources/app/releases");
  expect(answer.status).toBe(429);
  expect(codeOf(answer)).toBe("SOURCE_RATE_LIMITED");
  expect(answer.headers.get("retry-after")).toBe("90");
});
