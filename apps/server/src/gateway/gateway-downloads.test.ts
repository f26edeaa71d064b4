import { once } from "node:events";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { createAuthority } from "@muster/trust/x509";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ask } from "./testing/https-get.ts";
import { issueIdentity, startTestFleet, type Identity, type TestFleet } from "./testing/test-fleet.ts";

// Real processes and sockets: a busy machine takes its time.
vi.setConfig({ testTimeout: 30_000 });

const CONTENT = Buffer.from("an archive, in many pieces. ".repeat(20_000));
const PATH = "/v1/targets/t1/artifact";

let fleet: TestFleet;
let identity: Identity;
let sha256: string;

beforeEach(async () => {
  fleet = await startTestFleet();
  identity = await fleet.identity("a1");
  sha256 = fleet.objects.keep(CONTENT);
  fleet.desk.artifacts.set("a1 t1", { sha256, sizeBytes: CONTENT.length });
});
afterEach(async () => {
  await fleet.close();
});

const get = (path: string, headers: Record<string, string> = {}, who: Identity = identity) =>
  ask({ port: fleet.gateway.port, path, headers, identity: who });
const problemOf = (answer: { readonly body: Buffer }): unknown => JSON.parse(answer.body.toString());

test("an agent gets the archive of its own target whole, with its digest as the tag", async () => {
  const answer = await get(PATH);
  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({
    etag: `"${sha256}"`,
    "accept-ranges": "bytes",
    "content-length": String(CONTENT.length),
  });
  expect(answer.body.equals(CONTENT)).toBe(true);
});

test("from any byte on", async () => {
  const answer = await get(PATH, { range: "bytes=1000-" });
  expect(answer.status).toBe(206);
  expect(answer.headers["content-range"]).toBe(`bytes 1000-${CONTENT.length - 1}/${CONTENT.length}`);
  expect(answer.body.equals(CONTENT.subarray(1000))).toBe(true);
  expect(fleet.objects.opened).toEqual([1000]);
});

test("a range of another archive gets the whole new one", async () => {
  const answer = await get(PATH, { range: "bytes=1000-", "if-range": `"${"0".repeat(64)}"` });
  expect(answer.status).toBe(200);
  expect(answer.body.equals(CONTENT)).toBe(true);
});

test("a range behind the end: 416 with the size", async () => {
  const answer = await get(PATH, { range: `bytes=${CONTENT.length}-` });
  expect(answer.status).toBe(416);
  expect(answer.headers["content-range"]).toBe(`bytes */${CONTENT.length}`);
});

test("a download that broke off goes on where it was", async () => {
  fleet.objects.breakAfter = 100_000;
  const first = await get(PATH);
  expect(first.complete).toBe(false);
  expect(first.body.length).toBeLessThanOrEqual(100_000);
  const second = await get(PATH, { range: `bytes=${first.body.length}-` });
  expect(Buffer.concat([first.body, second.body]).equals(CONTENT)).toBe(true);
});

test("another agent cannot have it", async () => {
  const answer = await get(PATH, {}, await fleet.identity("thief"));
  expect(answer.status).toBe(403);
  expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
  expect(problemOf(answer)).toMatchObject({ code: "DOWNLOAD_NOT_ALLOWED", status: 403 });
  expect(fleet.objects.opened).toEqual([]);
});

test("without a certificate, with another CA's, with an expired one, and revoked: refused", async () => {
  const stranger = await ask({ port: fleet.gateway.port, path: PATH, identity: { ca: identity.ca } });
  expect(problemOf(stranger)).toMatchObject({ code: "CERTIFICATE_REQUIRED", status: 401 });
  const other = await createAuthority({ name: "other", now: Date.now() });
  const foreign = await issueIdentity({ authority: other, agentId: "a1" });
  const forged = await get(PATH, {}, { ...foreign, ca: identity.ca });
  expect(problemOf(forged)).toMatchObject({ code: "CERTIFICATE_REQUIRED" });
  const brief = await fleet.identity("a1", 60_000);
  fleet.clock.advance(60_000);
  expect(problemOf(await get(PATH, {}, brief))).toMatchObject({ code: "CERTIFICATE_EXPIRED" });
  fleet.desk.revoked.add("a1");
  expect(problemOf(await get(PATH))).toMatchObject({ code: "AGENT_REVOKED", status: 403 });
  expect(fleet.objects.opened).toEqual([]);
});

test.each([
  "/v1/targets/../../etc/artifact",
  "/v1/targets//artifact",
  "/v1/objects/x",
  "/",
  "//evil",
  "/v1/targets/t1/artifact/",
])("no such address: %s", async (path) => {
  const answer = await get(path);
  expect(answer.status).toBe(404);
  expect(problemOf(answer)).toMatchObject({ code: "ROUTE_NOT_FOUND" });
});

test("only GET is answered", async () => {
  const answer = await ask({ port: fleet.gateway.port, path: PATH, method: "DELETE", identity });
  expect(problemOf(answer)).toMatchObject({ code: "ROUTE_NOT_FOUND" });
});

test("a target id that is no id is refused before the desk is asked", async () => {
  const answer = await get("/v1/targets/..%2f..%2fetc/artifact");
  expect(problemOf(answer)).toMatchObject({ code: "DOWNLOAD_NOT_ALLOWED" });
});

test("an object of another size than the desk says is not sent", async () => {
  fleet.desk.artifacts.set("a1 t1", { sha256, sizeBytes: 5 });
  expect(problemOf(await get(PATH))).toMatchObject({ code: "OBJECT_CORRUPT" });
});

test("an object that is not there: 404, not a broken answer", async () => {
  fleet.desk.artifacts.set("a1 t1", { sha256: "0".repeat(64), sizeBytes: 5 });
  expect(problemOf(await get(PATH))).toMatchObject({ code: "OBJECT_NOT_FOUND", status: 404 });
});

test("downloads over the limit are put off", async () => {
  await fleet.gateway.close();
  fleet = await startTestFleet({ downloads: 0 });
  const answer = await get(PATH, {}, await fleet.identity("a1"));
  expect(answer.status).toBe(503);
  expect(answer.headers["retry-after"]).toBe("2");
  expect(problemOf(answer)).toMatchObject({ code: "SERVER_OVERLOADED", retryable: true });
});

test("one agent's third download at once is put off, and its count falls when they end", async () => {
  const { objects } = fleet;
  const open = objects.open.bind(objects);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  fleet.objects.open = async (digest, fromByte) => {
    await released;
    return await open(digest, fromByte);
  };
  const both = [get(PATH), get(PATH)];
  await vi.waitFor(() => expect(fleet.gateway.counts().downloads).toBe(2), { interval: 2 });
  expect(problemOf(await get(PATH))).toMatchObject({ code: "RATE_LIMITED" });
  release();
  for (const answer of await Promise.all(both)) expect(answer.status).toBe(200);
  await vi.waitFor(() => expect(fleet.gateway.counts().downloads).toBe(0), { interval: 2 });
  expect((await get(PATH)).status).toBe(200);
});

test.each([
  ["is revoked", () => void fleet.desk.revoked.add("a1")],
  ["has a certificate that expires", () => fleet.clock.advance(60_000)],
])("a download under way is cut when its agent %s", async (_what, end) => {
  fleet.objects.open = async () => {
    async function* stuck() {
      yield CONTENT.subarray(0, 1000);
      await new Promise(() => undefined);
    }
    return { size: CONTENT.length, content: stuck() };
  };
  const answer = get(PATH, {}, await fleet.identity("a1", 60_000));
  await vi.waitFor(() => expect(fleet.gateway.counts().downloads).toBe(1), { interval: 2 });
  fleet.clock.advance(1000);
  expect(fleet.gateway.counts().downloads).toBe(1);
  end();
  fleet.clock.advance(1000);
  expect((await answer).complete).toBe(false);
  await vi.waitFor(() => expect(fleet.gateway.counts().downloads).toBe(0), { interval: 2 });
});

test("a connection never passes for another one that comes from the same address and port", async () => {
  await fleet.gateway.close();
  fleet = await startTestFleet({}, "0.0.0.0");
  fleet.desk.artifacts.set("a1 t1", { sha256: fleet.objects.keep(CONTENT), sizeBytes: CONTENT.length });
  const { port } = fleet.gateway;
  const dial = async (host: string, who: string, localPort?: number) => {
    const options = { host, port, localAddress: "127.0.0.1", servername: "localhost" };
    const from = localPort === undefined ? options : { ...options, localPort };
    const socket = connect({ ...from, ...(await fleet.identity(who)) });
    socket.on("error", () => undefined);
    await once(socket, "secureConnect");
    return socket;
  };
  const thief = await dial("127.0.0.1", "thief");
  // The gateway has two addresses, so two connections can share the client's.
  const victim = await dial("127.0.0.2", "a1", thief.localPort);
  await vi.waitFor(() => expect(victim.closed || fleet.gateway.counts().connections === 2).toBe(true));
  thief.write(`GET ${PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  expect((await text(thief)).slice(0, 12)).toBe("HTTP/1.1 403");
  victim.destroy();
});

test("ready says whether agents are taken, and asks for no certificate", async () => {
  const ready = () => ask({ port: fleet.gateway.port, path: "/v1/ready", identity: { ca: identity.ca } });
  expect((await ready()).status).toBe(200);
  fleet.gateway.accepting(false);
  const answer = await ready();
  expect(answer.status).toBe(503);
  expect(problemOf(answer)).toMatchObject({ code: "SERVER_OVERLOADED" });
});
