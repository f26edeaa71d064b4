import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createClient } from "@muster/protocol/http";
import { parseToken } from "@muster/trust";
import { authorityPin } from "@muster/trust/x509";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createLog } from "./observe/log.ts";
import type { ServerSettings } from "./settings/settings.ts";
import { type RunningServer, startServer } from "./start-server.ts";
import { createServerFolder, type ServerFolder } from "./testing/server-folder.ts";

// Real sockets and processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let folder: ServerFolder;
let servers: RunningServer[];
let log: string[];

beforeEach(async () => {
  folder = await createServerFolder();
  servers = [];
  log = [];
});
afterEach(async () => {
  for (const server of servers) await server.close();
  await folder.dispose();
});

async function start(changes: Partial<ServerSettings> = {}): Promise<RunningServer> {
  const destination = { write: (line: string) => void log.push(line) };
  const server = await startServer(
    { ...folder.settings, ...changes },
    createLog({ quiet: true, destination }),
  );
  servers.push(server);
  return server;
}

const clientOf = (server: RunningServer, token: string | null) =>
  createClient({ server: server.url, token: token ?? "none" });

async function publish(client: ReturnType<typeof clientOf>, version: string) {
  const release = folder.signer.sign({ version });
  await client.releases.publish({
    manifest: Buffer.from(release.manifest).toString("base64"),
    signatures: Buffer.from(release.signatures).toString("base64"),
    source: "upload",
  });
  const archive = new Uint8Array(release.archives["linux/amd64"] ?? []);
  return client.releases.upload({ product: "app", version, os: "linux", arch: "amd64" }, archive);
}

/** What the gateway answers to `GET /v1/ready`, over TLS that only the fleet's own authority is believed in. */
async function gatewayReady(server: RunningServer, ca: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(
      { host: "127.0.0.1", port: server.gatewayPort, path: "/v1/ready", ca, agent: false },
      (response) => {
        text(response).then(() => resolve(response.statusCode ?? 0), reject);
      },
    )
      .on("error", reject)
      .end();
  });
}

const authorityIn = (data: string) => readFile(join(data, "authority.pem"), "utf8");

test("a first start makes everything, and its token opens the API", async () => {
  const server = await start();
  expect(server.adminToken).toMatch(/^mst_/);
  const client = clientOf(server, server.adminToken);
  await client.ready();
  expect(await client.overview()).toMatchObject({ agents: 0, online: 0, activeRollouts: [] });
  expect((await client.rollouts.list()).items).toEqual([]);
  expect(await gatewayReady(server, await authorityIn(folder.settings.dataFolder))).toBe(200);
  expect(log).toEqual([]);
});

test("a registration token carries the pin of the gateway's authority", async () => {
  const server = await start();
  const { token } = await clientOf(server, server.adminToken).tokens.create({ maxUses: 5 });
  const certificate = await authorityIn(folder.settings.dataFolder);
  expect(parseToken(token).caPin).toBe(authorityPin(certificate));
});

test("a second start keeps everything and shows no token", async () => {
  const first = await start();
  const before = clientOf(first, first.adminToken);
  const ready = await publish(before, "1.0.0");
  const { id } = await before.tokens.create({ labels: { env: "test" } });
  const authority = await authorityIn(folder.settings.dataFolder);
  const session = await fetch(`${first.url}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: first.adminToken }),
  });
  await first.close();

  const second = await start();
  expect(second.adminToken).toBeNull();
  const after = clientOf(second, first.adminToken);
  expect(await after.releases.get({ product: "app", version: "1.0.0" })).toEqual(ready);
  expect((await after.tokens.list()).items).toMatchObject([{ id, labels: { env: "test" } }]);
  expect(await authorityIn(folder.settings.dataFolder)).toBe(authority);
  expect(await gatewayReady(second, authority)).toBe(200);
  const cookie = session.headers.get("set-cookie")?.split(";")[0] ?? "";
  expect((await fetch(`${second.url}/api/v1/session`, { headers: { cookie } })).status).toBe(200);
  // The archive is in the store still: publishing it under another version needs no upload.
  const again = folder.signer.sign({
    version: "1.0.1",
    archives: folder.signer.sign({ version: "1.0.0" }).archives,
  });
  const published = await after.releases.publish({
    manifest: Buffer.from(again.manifest).toString("base64"),
    signatures: Buffer.from(again.signatures).toString("base64"),
    source: "upload",
  });
  expect(published.state).toBe("ready");
});

test("a new administrator's token is made when it is asked for, and ends the old one", async () => {
  const first = await start();
  await first.close();
  const second = await start({ newAdminToken: true });
  expect(second.adminToken).not.toBe(first.adminToken);
  await expect(clientOf(second, first.adminToken).overview()).rejects.toMatchObject({
    code: "AUTH_REQUIRED",
  });
  await expect(clientOf(second, second.adminToken).overview()).resolves.toMatchObject({ agents: 0 });
});

test("a release by address is refused by name when its host is not listed, and can then be uploaded", async () => {
  const server = await start();
  const client = clientOf(server, server.adminToken);
  const release = folder.signer.sign({ version: "1.0.0" });
  const body = {
    manifest: Buffer.from(release.manifest).toString("base64"),
    signatures: Buffer.from(release.signatures).toString("base64"),
  };
  await client.releases.publish({ ...body, source: "url" });
  const key = { product: "app", version: "1.0.0" };
  await expect
    .poll(() => client.releases.get(key))
    .toMatchObject({ state: "failed", code: "MIRROR_DESTINATION_FORBIDDEN" });
  expect((await client.releases.get(key)).message).toContain("--mirror-allow");
  expect(await publish(client, "1.0.0")).toMatchObject({ state: "ready" });
});

const refused = async (changes: Partial<ServerSettings>, code: string) => {
  await expect(start(changes)).rejects.toMatchObject({ code });
  // Nothing is left open: the same folder serves the next one.
  const server = await start();
  await clientOf(server, server.adminToken).ready();
};

describe("a start that cannot be", () => {
  test("without trusted keys says how to make them", async () => {
    await expect(start({ trustAnchorFile: join(folder.path, "none.json") })).rejects.toThrow(
      /muster release/,
    );
    await expect(
      refused({ trustAnchorFile: join(folder.path, "none.json") }, "SERVER_CONFIG_INVALID"),
    ).resolves.toBeUndefined();
  });

  test("with trusted keys that are none", async () => {
    const file = join(folder.path, "wrong.json");
    await writeFile(file, "{}");
    await expect(refused({ trustAnchorFile: file }, "TRUST_ANCHOR_INVALID")).resolves.toBeUndefined();
  });

  test("on a port of the API that is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const http = { host: "127.0.0.1", port };
    await expect(refused({ http }, "SERVER_CONFIG_INVALID")).resolves.toBeUndefined();
    await new Promise((resolve) => taken.close(resolve));
  });

  test("on a port of the gateway that is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const gateway = { host: "127.0.0.1", port };
    await expect(refused({ gateway }, "SERVER_CONFIG_INVALID")).resolves.toBeUndefined();
    await new Promise((resolve) => taken.close(resolve));
  });

  test("in the folder of a server that runs, which goes on", async () => {
    const first = await start();
    await expect(start()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(clientOf(first, first.adminToken).overview()).resolves.toMatchObject({ agents: 0 });
  });

  test("with an authority that is damaged, which is kept", async () => {
    const first = await start();
    await first.close();
    const file = join(folder.settings.dataFolder, "authority.pem");
    await writeFile(file, "damaged");
    await expect(start()).rejects.toMatchObject({ code: "FILE_NOT_READABLE", details: { path: file } });
    expect(await readFile(file, "utf8")).toBe("damaged");
  });
});

test("closing twice is closing once", async () => {
  const server = await start();
  await server.close();
  await server.close();
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow("fetch failed");
});
