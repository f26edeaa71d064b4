import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { createClient } from "@muster/protocol/http";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createServerFolder, type ServerFolder } from "./testing/server-folder.ts";

// Real sockets and processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
let folder: ServerFolder;
let children: ChildProcess[];

beforeEach(async () => {
  folder = await createServerFolder();
  children = [];
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await folder.dispose();
});

function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  return child;
}

/** Starts a server and reads what it prints until it is ready. */
async function serve(...more: readonly string[]) {
  const { dataFolder, trustAnchorFile } = folder.settings;
  const where = [
    "--data",
    dataFolder,
    "--trust-anchor",
    trustAnchorFile,
    "--http-port",
    "0",
    "--gateway-port",
    "0",
  ];
  const child = run([...where, ...more]);
  const errors = text(child.stderr);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line === "Ready") break;
  }
  if (lines.at(-1) !== "Ready") throw new Error(`the server did not start: ${await errors}`);
  const find = (pattern: RegExp) =>
    lines.map((line) => pattern.exec(line)?.[1]).find((found) => found !== undefined);
  return {
    child,
    lines,
    url: find(/^API and pages: (http:\S+)$/) ?? "",
    token: find(/^Administrator token: (mst_\S+)$/),
    stop: async (signal: NodeJS.Signals) => {
      child.kill(signal);
      const [code] = (await once(child, "exit")) as [number | null];
      return code;
    },
  };
}

test("prints its addresses, its token once, and ends in good order when it is asked to", async () => {
  const first = await serve();
  expect(first.lines).toContain(`Data folder: ${folder.settings.dataFolder}`);
  expect(first.lines.some((line) => /^Gateway: 0\.0\.0\.0:\d+$/.test(line))).toBe(true);
  await createClient({ server: first.url, token: first.token }).overview();
  expect((await stat(join(folder.settings.dataFolder, "muster.db"))).mode & 0o777).toBe(0o600);
  expect(await first.stop("SIGTERM")).toBe(0);

  const second = await serve();
  expect(second.token).toBeUndefined();
  await createClient({ server: second.url, token: first.token }).overview();
  expect(await second.stop("SIGINT")).toBe(0);

  const third = await serve("--new-admin-token", "--quiet");
  expect(third.token).not.toBe(first.token);
  expect(third.lines.filter((line) => line.startsWith("API"))).toEqual([]);
});

test("killed while an upload is half-way, it goes on with what was answered, and the upload is sent again", async () => {
  const first = await serve();
  const client = createClient({ server: first.url, token: first.token });
  const archives = { "linux/amd64": Buffer.alloc(4_000_000, "archive") };
  const release = folder.signer.sign({ version: "1.0.0", archives });
  await client.releases.publish({
    manifest: Buffer.from(release.manifest).toString("base64"),
    signatures: Buffer.from(release.signatures).toString("base64"),
    source: "upload",
  });
  const key = { product: "app", version: "1.0.0", os: "linux", arch: "amd64" };
  const half = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(archives["linux/amd64"].subarray(0, 2_000_000))),
  });
  const cut = client.releases.upload(key, half).catch((error: unknown) => error);
  await expect.poll(async () => (await client.releases.get(key)).state).toBe("mirroring");
  await first.stop("SIGKILL");
  expect(await cut).toMatchObject({ code: "SERVER_UNREACHABLE" });

  const second = await serve();
  const again = createClient({ server: second.url, token: first.token });
  expect(await again.releases.get(key)).toMatchObject({
    state: "mirroring",
    artifacts: [{ mirrored: false }],
  });
  const ready = await again.releases.upload(key, new Uint8Array(archives["linux/amd64"]));
  expect(ready.state).toBe("ready");
});

test("--help lists the settings", async () => {
  const child = run(["--help"]);
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit") as Promise<[number]>]);
  expect(code).toBe(0);
  expect(output).toContain("--trust-anchor FILE");
});

test.each([
  [["--http-port", "http"], /--http-port.*SERVER_CONFIG_INVALID/s],
  [["--nonsense"], /USAGE_INVALID/],
  [[], /--trust-anchor.*SERVER_CONFIG_INVALID/s],
])("%j ends with 2 and says what is wrong and what to do", async (args, expected) => {
  const child = run([...args, "--data", folder.settings.dataFolder]);
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, "exit") as Promise<[number]>]);
  expect(code).toBe(2);
  expect(errors).toMatch(expected);
  expect(errors).not.toMatch(/at .*\.ts:\d/);
});
