import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { startFakeGateway } from "./testing/fake-gateway.ts";

test("the example in the README enrols, connects and ends when it is told to", {
  timeout: 20_000,
}, async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const [, example = ""] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  const folder = await mkdtemp(join(tmpdir(), "muster-agent-sdk-"));
  const gateway = await startFakeGateway();
  try {
    const program = join(folder, "example.mts");
    const sdk = new URL("index.ts", import.meta.url).href;
    await writeFile(program, example.replace('"@muster/agent-sdk"', JSON.stringify(sdk)));
    const agent = spawn(process.execPath, [program], {
      env: {
        ...process.env,
        MUSTER_ROOT: join(folder, "root"),
        GATEWAY: gateway.address,
        TOKEN: gateway.token(),
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise<number | null>((resolve) => agent.once("exit", resolve));
    for await (const line of createInterface(agent.stdout)) {
      if (line === "open, idle") break;
    }
    expect(gateway.stream()?.hello).toMatchObject({ product: "acme-agent", version: "1.0.0" });
    agent.kill("SIGTERM");
    expect(await ended).toBe(0);
  } finally {
    await gateway.close();
    await rm(folder, { recursive: true, force: true });
  }
});
