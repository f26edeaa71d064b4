import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { createClient } from "@muster/protocol/http";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLog } from "../observe/log.ts";
import { type RunningServer, startServer } from "../start-server.ts";
import { createServerFolder, type ServerFolder } from "../testing/server-folder.ts";

// Real sockets and processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const KEY = { product: "app", version: "1.0.0", os: "linux", arch: "amd64" };
/** Sorts behind every other file of a backup, and is never read to its end if it is a pipe. */
const LAST_OBJECT = `objects/sha256/ff/${"f".repeat(64)}`;
let folder: ServerFolder;
let servers: RunningServer[];
let children: ChildProcess[];
let data: string;
let copy: string;

beforeEach(async () => {
  folder = await createServerFolder();
  data = folder.settings.dataFolder;
  copy = join(folder.path, "copy");
  servers = [];
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  for (const server of servers) await server.close();
  await folder.dispose();
});

async function start(): Promise<RunningServer> {
  const destination = { write: () => undefined };
  const server = await startServer(folder.settings, createLog({ quiet: true, destination }));
  servers.push(server);
  return server;
}

function spawnCommand(args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  return child;
}

async function run(...args: readonly string[]) {
  const child = spawnCommand(args);
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit") as Promise<[number | null]>,
  ]);
  return { output, errors, code };
}
const runBackup = () => run("backup", "--data", data, "--to", copy);
const runRestore = (...more: readonly string[]) => run("restore", "--from", copy, "--data", data, ...more);

/** Runs a command until a file is there, and kills it. */
async function killWhen(path: string, args: readonly string[]): Promise<void> {
  const child = spawnCommand(args);
  const ended = once(child, "exit");
  await expect.poll(() => existsSync(path), { timeout: 30_000 }).toBe(true);
  child.kill("SIGKILL");
  expect(await ended).toEqual([null, "SIGKILL"]);
}

async function blockAt(path: string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  execFileSync("/bin/sh", ["-c", 'mkfifo "$0"', path]);
}

/** A server with a release and its artifact, and its first administrator's token. */
async function serveRelease(): Promise<{ server: RunningServer; token: string }> {
  const server = await start();
  const token = server.adminToken ?? "";
  const client = createClient({ server: server.url, token });
  const release = folder.signer.sign({ version: KEY.version });
  await client.releases.publish({
    manifest: Buffer.from(release.manifest).toString("base64"),
    signatures: Buffer.from(release.signatures).toString("base64"),
    source: "upload",
  });
  await client.releases.upload(KEY, new Uint8Array(release.archives["linux/amd64"] ?? []));
  return { server, token };
}

/** Whether who believes in this authority only believes the gateway. */
async function isBelieved(server: RunningServer, ca: string): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port: server.gatewayPort, ca, servername: "localhost" });
  await once(socket, "secureConnect");
  socket.destroy();
  return socket.authorized;
}

test("after the data folder is lost, a restored server is the one that people and agents know", async () => {
  const { server, token } = await serveRelease();
  const authority = await readFile(join(data, "authority.pem"), "utf8");
  expect(await runBackup()).toMatchObject({ code: 1, errors: expect.stringContaining("DATA_FOLDER_IN_USE") });
  await server.close();
  expect(await runBackup()).toMatchObject({ code: 0, errors: "" });
  await rm(data, { recursive: true });

  expect(await runRestore()).toMatchObject({ code: 0, errors: "" });
  const restored = await start();
  expect(restored.adminToken).toBeNull();
  const client = createClient({ server: restored.url, token });
  expect(await client.releases.get(KEY)).toMatchObject({ state: "ready", artifacts: [{ mirrored: true }] });
  expect(await isBelieved(restored, authority)).toBe(true);
});

test("a backup that is killed is refused, and the server starts as before", async () => {
  const { server, token } = await serveRelease();
  await server.close();
  await blockAt(join(data, LAST_OBJECT));
  await killWhen(join(copy, LAST_OBJECT), ["backup", "--data", data, "--to", copy]);
  expect(existsSync(join(copy, "secrets.key"))).toBe(true);
  const refused = await runRestore("--replace");
  expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining("BACKUP_INCOMPLETE") });
  const again = await start();
  await createClient({ server: again.url, token }).releases.get(KEY);
});

test("a restore that is killed has changed nothing, and can be run again", async () => {
  const { server, token } = await serveRelease();
  await server.close();
  expect((await runBackup()).code).toBe(0);
  const [shard = ""] = await readdir(join(copy, "objects/sha256"));
  const [name = ""] = await readdir(join(copy, "objects/sha256", shard));
  const object = join("objects/sha256", shard, name);
  const content = join(copy, object);
  const kept = join(folder.path, "kept");
  await rename(content, kept);
  await blockAt(content);
  const before = (await readdir(data, { recursive: true })).filter((path) => !path.startsWith("muster.db-"));
  const args = ["restore", "--from", copy, "--data", data, "--replace"];
  await killWhen(join(`${data}.restoring`, object), args);
  const after = (await readdir(data, { recursive: true })).filter((path) => !path.startsWith("muster.db-"));
  expect(after).toEqual(before);
  const untouched = await start();
  await createClient({ server: untouched.url, token }).releases.get(KEY);
  await untouched.close();

  await rename(kept, content);
  expect(await runRestore("--replace")).toMatchObject({ code: 0 });
  const restored = await start();
  await createClient({ server: restored.url, token }).releases.get(KEY);
  const beside = await readdir(folder.path);
  expect(beside.filter((entry) => entry.startsWith("data.before-restore-"))).toHaveLength(1);
  expect(beside).not.toContain("data.restoring");
});
