import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const WEB = fileURLToPath(new URL("../../apps/web", import.meta.url));

/** The pages as they ship, in a folder of their own, so that nobody else's build comes between. */
export async function buildPages(): Promise<{
  readonly folder: string;
  readonly remove: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), "muster-pages-"));
  const options = ["--outDir", folder, "--emptyOutDir", "--logLevel", "warn"];
  const build = spawn("npm", ["run", "--silent", "build", "--", ...options], {
    cwd: WEB,
    // Not the test runner's own "test", with which React is another.
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "inherit", "pipe"],
  });
  const [errors, [code]] = await Promise.all([text(build.stderr), once(build, "close")]);
  if (code !== 0) throw new Error(`the pages could not be built:\n${errors}`);
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A server with the pages over a fleet that is made up and moves. */
export interface FakeFleet {
  readonly address: string;
  readonly token: string;
  /** Breaks every stream of events, as a restart of a server does. */
  readonly cutStreams: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startFakeFleet(pages: string, scene: "busy" | "empty" = "busy"): Promise<FakeFleet> {
  const child = spawn("node", ["src/testing/main.ts", "--scene", scene, "--dist", pages, "--agents", "600"], {
    cwd: WEB,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { address, token } = JSON.parse(await firstLine(child)) as { address: string; token: string };
  return {
    address,
    token,
    cutStreams: async () => {
      await fetch(`${address}/fake/cut`);
    },
    stop: async () => {
      const closed = once(child, "close");
      child.kill();
      await closed;
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the fake fleet has no output");
  let output = "";
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.includes("\n")) return output;
  }
  throw new Error(`the fake fleet ended before it was ready:\n${output}`);
}
