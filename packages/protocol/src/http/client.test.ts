import { MusterError } from "@muster/core";
import { describe, expect, test } from "vitest";
import { createClient } from "./client.ts";
import { json, problem, stubServer, type Answer } from "./testing/stub-server.ts";

const overview = {
  agents: 3,
  online: 2,
  offline: 1,
  unknownVersion: 0,
  failed: 0,
  stuck: 0,
  versions: [],
  platforms: [],
  targetStates: {},
  activeRollouts: [],
};
const release = {
  product: "acme",
  version: "1.0.0",
  channel: "stable",
  notes: "",
  floor: null,
  manifestDigest: "ab",
  state: "ready",
  code: null,
  message: null,
  publishedAt: 1,
  publishedBy: "x",
  signedBy: [],
  origin: null,
  artifacts: [],
};

const atOnce = () => Promise.resolve();
const moved: Answer = (response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
const hangUp: Answer = (response) => response.destroy();
const html: Answer = (response) =>
  response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad</h1>");

describe("a call", () => {
  test("carries the token, asks for JSON and gives the typed answer", async () => {
    await using server = await stubServer([json(200, overview)]);
    const client = createClient({ server: `${server.address}/`, token: "secret" });
    expect(await client.overview()).toEqual(overview);
    expect(server.seen[0]).toMatchObject({
      method: "GET",
      url: "/api/v1/overview",
      headers: { authorization: "Bearer secret", accept: expect.stringContaining("application/json") },
    });
  });

  test("keeps a path that the server stands under", async () => {
    await using server = await stubServer([json(200, overview)]);
    await createClient({ server: `${server.address}/muster` }).overview();
    expect(server.seen[0]?.url).toBe("/muster/api/v1/overview");
  });

  test("sends only the parts of a query that are given", async () => {
    await using server = await stubServer([json(200, { items: [], nextCursor: null, total: 0 })]);
    const client = createClient({ server: server.address });
    await client.agents.list({ labels: "env=a&b", limit: 5, product: undefined });
    expect(server.seen[0]?.url).toBe("/api/v1/agents?labels=env%3Da%26b&limit=5");
  });

  test("never lets an id change the address", async () => {
    await using server = await stubServer([problem(404, "AGENT_NOT_FOUND")]);
    const client = createClient({ server: server.address });
    await expect(client.agents.get("../tokens?x=#")).rejects.toMatchObject({ code: "AGENT_NOT_FOUND" });
    expect(server.seen[0]?.url).toBe("/api/v1/agents/..%2Ftokens%3Fx%3D%23");
  });

  test("without a body says nothing of a type, with one it is JSON", async () => {
    await using server = await stubServer([problem(409, "ROLLOUT_TRANSITION_INVALID")]);
    const client = createClient({ server: server.address });
    await expect(client.rollouts.act("r-1", "pause")).rejects.toBeInstanceOf(MusterError);
    const yank = client.releases.yank({ product: "acme", version: "1.0.0" }, "broken");
    await expect(yank).rejects.toBeInstanceOf(MusterError);
    expect(server.seen.map(({ headers, body }) => [headers["content-type"], body])).toEqual([
      [undefined, ""],
      ["application/json", '{"why":"broken"}'],
    ]);
  });

  test.each(["", "muster.example", "ftp://muster.example", "http://"])(
    "to the address %j is refused",
    (server) => {
      expect(() => createClient({ server })).toThrow(expect.objectContaining({ code: "USAGE_INVALID" }));
    },
  );
});

describe("an upload", () => {
  test("streams its bytes", async () => {
    await using server = await stubServer([json(200, release)]);
    const client = createClient({ server: server.address });
    const body = new Blob(["abc", "def"]).stream();
    const key = { product: "acme", version: "1.0.0", os: "linux", arch: "amd64" };
    expect(await client.releases.upload(key, body)).toEqual(release);
    expect(server.seen[0]).toMatchObject({
      method: "PUT",
      url: "/api/v1/releases/acme/1.0.0/artifacts/linux/amd64",
      headers: { "content-type": "application/octet-stream" },
      body: "abcdef",
    });
  });
});

describe("an error", () => {
  test("has the server's code and its plain details", async () => {
    const details = { field: "spec.x", list: ["a"], deep: { b: 1 }, none: null };
    await using server = await stubServer([problem(400, "REQUEST_INVALID", details)]);
    await expect(createClient({ server: server.address }).overview()).rejects.toMatchObject({
      code: "REQUEST_INVALID",
      details: { field: "spec.x", list: ["a"], deep: '{"b":1}', none: null },
    });
    expect(server.seen).toHaveLength(1);
  });

  test("with a code of the future is unexpected, and keeps the code", async () => {
    await using server = await stubServer([problem(418, "TEAPOT_EMPTY")]);
    await expect(createClient({ server: server.address }).overview()).rejects.toMatchObject({
      code: "INTERNAL_UNEXPECTED",
      details: { code: "TEAPOT_EMPTY", status: 418 },
    });
  });

  test("of a proxy is told by its status", async () => {
    await using server = await stubServer([html]);
    await expect(createClient({ server: server.address, wait: atOnce }).overview()).rejects.toMatchObject({
      code: "SERVER_UNREACHABLE",
      details: { status: 502 },
    });
  });

  test("is thrown for an answer of the wrong form, naming the field", async () => {
    await using server = await stubServer([json(200, { ...overview, agents: "three" })]);
    await expect(createClient({ server: server.address }).overview()).rejects.toMatchObject({
      code: "INTERNAL_UNEXPECTED",
      details: { field: "agents" },
    });
  });

  test("names the server that nobody answers at", async () => {
    const server = await stubServer([]);
    const { address } = server;
    await server[Symbol.asyncDispose]();
    await expect(createClient({ server: address, wait: atOnce }).overview()).rejects.toMatchObject({
      code: "SERVER_UNREACHABLE",
      details: { server: address, problem: expect.stringContaining("ECONNREFUSED") },
    });
  });

  test("a redirect is not followed: a token goes to its own server only", async () => {
    await using server = await stubServer([moved]);
    const failure = createClient({ server: server.address, token: "secret", wait: atOnce }).overview();
    await expect(failure).rejects.toBeInstanceOf(MusterError);
  });
});

describe("a server that is away for a moment", () => {
  test("is asked again for what only reads", async () => {
    await using server = await stubServer([hangUp, problem(503, "SERVER_OVERLOADED"), json(200, overview)]);
    const client = createClient({ server: server.address, wait: atOnce });
    expect(await client.overview()).toEqual(overview);
    expect(server.seen).toHaveLength(3);
  });

  test("is not asked more than three times", async () => {
    await using server = await stubServer([problem(503, "SERVER_OVERLOADED")]);
    const client = createClient({ server: server.address, wait: atOnce });
    await expect(client.overview()).rejects.toMatchObject({ code: "SERVER_OVERLOADED" });
    expect(server.seen).toHaveLength(3);
  });

  test("is never told twice to do something", async () => {
    await using server = await stubServer([problem(503, "SERVER_OVERLOADED")]);
    const client = createClient({ server: server.address, wait: atOnce });
    await expect(client.rollouts.act("r-1", "retry")).rejects.toMatchObject({ code: "SERVER_OVERLOADED" });
    await expect(client.tokens.revoke("t-1")).rejects.toMatchObject({ code: "SERVER_OVERLOADED" });
    expect(server.seen).toHaveLength(2);
  });

  test("is given up on when the caller does", async () => {
    await using server = await stubServer([problem(503, "SERVER_OVERLOADED")]);
    const caller = new AbortController();
    const wait = (_ms: number, signal?: AbortSignal) => {
      caller.abort(new Error("enough"));
      signal?.throwIfAborted();
      return Promise.resolve();
    };
    const client = createClient({ server: server.address, wait });
    await expect(client.overview({ signal: caller.signal })).rejects.toThrow("enough");
    expect(server.seen).toHaveLength(1);
  });
});
