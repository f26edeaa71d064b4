import { randomBytes } from "node:crypto";
import { type ReleaseHosts, startReleaseHosts } from "@muster/fleet/testing";
import { createClient, type LiveEvent } from "@muster/protocol/http";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLog } from "./observe/log.ts";
import { type RunningServer, startServer } from "./start-server.ts";
import { createServerFolder, type ServerFolder } from "./testing/server-folder.ts";

// Real sockets and files, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const KEY = { product: "app", version: "1.0.0" };
const ARCHIVE = randomBytes(3_000_000);
const HALF = 1_500_000;
let hosts: ReleaseHosts;
let folder: ServerFolder;
let server: RunningServer;
let token: string;

beforeEach(async () => {
  hosts = await startReleaseHosts();
  folder = await createServerFolder();
  server = await start();
  token = server.adminToken ?? "";
});
afterEach(async () => {
  await server.close();
  await hosts.close();
  await folder.dispose();
});

const start = () =>
  startServer(folder.settings, createLog({ quiet: true, destination: { write: () => undefined } }), hosts);
const client = () => createClient({ server: server.url, token });
/** What was asked of where GitHub keeps assets. */
const ranges = () =>
  hosts.requests.flatMap(({ host, headers }) =>
    host.startsWith("release-assets") ? (headers.range ?? []) : [],
  );

test("an import that a stop cut off goes on at the next start from the byte it had come to", async () => {
  const { manifest, signatures } = folder.signer.sign({
    version: "1.0.0",
    archives: { "linux/amd64": ARCHIVE },
  });
  const name = "app-release-manifest.json";
  const assets = { [name]: manifest, [`${name}.sig`]: signatures, "app_1.0.0_linux_amd64.tar.gz": ARCHIVE };
  hosts.releases = [{ tag: "v1.0.0", assets }];
  hosts.intercept = ({ host, path }, response) => {
    if (!host.startsWith("release-assets") || !path.startsWith("/2?")) return false;
    response.writeHead(200, { "content-length": ARCHIVE.length });
    response.write(ARCHIVE.subarray(0, HALF));
    return true;
  };
  const following = new AbortController();
  const progress: number[] = [];
  const events = follow(following.signal, ({ event, data }) => {
    if (event === "release") progress.push(data.artifacts[0]?.mirroredBytes ?? 0);
  });
  await client().sources.create({ kind: "github", owner: "acme", repo: "agent", product: "app" });
  await client().sources.import("app", { tag: "v1.0.0" });
  const reached = async () => (await client().releases.get(KEY)).artifacts[0]?.mirroredBytes;
  await vi.waitFor(async () => expect(await reached()).toBe(HALF), { timeout: 10_000 });
  await vi.waitFor(() => expect(progress.at(-1)).toBe(HALF), { timeout: 10_000 });
  following.abort();
  await events;

  await server.close();
  hosts.intercept = null;
  server = await start();
  const state = async () => (await client().releases.get(KEY)).state;
  await vi.waitFor(async () => expect(await state()).toBe("ready"), { timeout: 10_000 });
  expect(ranges()).toEqual([`bytes=${HALF}-`]);
});

/** Reads events until the signal. */
async function follow(signal: AbortSignal, onEvent: (event: LiveEvent) => void): Promise<void> {
  try {
    for await (const event of client().events({ signal })) onEvent(event);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
