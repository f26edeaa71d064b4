import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { startFakeGateway, type FakeGateway } from "@muster/agent-sdk/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

let folder: string;
let root: string;
let gateway: FakeGateway;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-agent-"));
  root = join(folder, "root");
  gateway = await startFakeGateway();
});
afterEach(async () => {
  await gateway.close();
  await rm(folder, { recursive: true, force: true });
});

function start(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } });
  const ended = Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("exit", resolve)),
  ]).then(([stdout, stderr, code]) => ({ stdout, stderr, code }));
  return { child, ended };
}

const enroll = (...more: string[]) =>
  start([
    "enroll",
    "--root",
    root,
    "--server",
    gateway.address,
    "--token",
    gateway.token(),
    "--product",
    "acme-agent",
    ...more,
  ]).ended;
const soon = (check: () => void) => vi.waitFor(check, { interval: 5, timeout: 10_000 });

describe("muster-agent", { timeout: 20_000 }, () => {
  test("--version prints the version and nothing else", async () => {
    const { ended } = start(["--version"], { MUSTER_VERSION: "4.5.6-beta.1" });
    expect(await ended).toEqual({ stdout: "4.5.6-beta.1\n", stderr: "", code: 0 });
  });

  test("enroll says who the host is now, and status what it does", async () => {
    const { stdout, code } = await enroll("--label", "env=test", "--hostname", "web-1");
    expect({ stdout, code }).toMatchObject({
      stdout: expect.stringContaining("Enrolled as agent-1"),
      code: 0,
    });
    expect(gateway.enrolments).toMatchObject([{ hostname: "web-1", labels: { env: "test" } }]);
    const shown = await start(["status", "--root", root]).ended;
    expect(shown.stdout).toContain("agent-1 (env=test)");
    expect(shown.stdout).toContain("the agent does not run");
    const json = await start(["status", "--json"], { MUSTER_ROOT: root }).ended;
    expect(JSON.parse(json.stdout)).toMatchObject({ agentId: "agent-1", health: null, unreported: [] });
  });

  test("enroll takes a bundle, but no trust keys from it", async () => {
    const bundle = join(folder, "bundle.json");
    const token = gateway.token();
    await writeFile(
      bundle,
      JSON.stringify({
        server: gateway.address,
        token,
        product: "acme-agent",
        trustAnchor: { keys: [] },
        extra: 1,
      }),
    );
    const { stdout, code } = await start(["enroll", "--root", root, "--bundle", bundle]).ended;
    expect(code).toBe(0);
    expect(stdout).toContain('Ignored: "trustAnchor"');
    expect(await readFile(join(root, "config/agent.json"), "utf8")).not.toContain("trust");
  });

  test.each([
    [["frobnicate"], "no such command"],
    [["enroll", "--server", "x:1"], "--token is missing"],
    [["enroll", "--label", "oops", "--server", "x:1", "--token", "t"], "KEY=VALUE"],
    [["run", "--verbose"], "Unknown option"],
  ])("%j is called wrong: exit code 2", async (args, problem) => {
    const { stderr, code } = await start(args).ended;
    expect({ stderr, code }).toMatchObject({ stderr: expect.stringContaining(problem), code: 2 });
  });

  test("a refusal has its code and what to do, and exit code 1", async () => {
    gateway.behaviour.refuseCertificates = "TOKEN_EXPIRED";
    const { stderr, code } = await enroll();
    expect(code).toBe(1);
    expect(stderr).toContain("[TOKEN_EXPIRED]");
    expect(stderr).toContain("muster token create");
  });

  test("run waits for an enrolment, connects, and leaves in order when it is told to", async () => {
    const { child, ended } = start(["--root", root], { MUSTER_VERSION: "2.0.0" });
    const said: string[] = [];
    child.stdout.on("data", (piece: Buffer) => said.push(piece.toString()));
    await soon(() => expect(said.join("")).toContain("not enrolled"));
    await enroll();
    await soon(() => expect(gateway.stream()?.hello).toMatchObject({ version: "2.0.0", agentId: "agent-1" }));
    expect(gateway.stream()?.hello.capabilities).toContain("restart");
    child.kill("SIGTERM");
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    expect(stdout).toContain("INFO  ending version=2.0.0");
  });

  test("one that waits for an enrolment ends at once when it is told to", async () => {
    const { child, ended } = start(["--root", root], { MUSTER_VERSION: "2.0.0" });
    const said: string[] = [];
    child.stdout.on("data", (piece: Buffer) => said.push(piece.toString()));
    await soon(() => expect(said.join("")).toContain("not enrolled"));
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
  });

  test("a restart that the gateway asks for ends the process in order", async () => {
    await enroll();
    const { ended } = start(["run", "--root", root]);
    await soon(() => expect(gateway.stream()).toBeDefined());
    gateway.stream()?.send({ kind: "command", commandId: "c1", name: "restart", arguments: {} });
    expect((await ended).code).toBe(0);
  });
});
