import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Program } from "@muster/local-fleet";
import { expect, test } from "vitest";

const HTTP_PORT = "28080";
const GATEWAY_PORT = "28443";

/** The commands of the README's five minutes, block by block. */
async function blocksOfReadme(): Promise<readonly string[]> {
  const text = await readFile("README.md", "utf8");
  const section = text.slice(text.indexOf("## Five minutes"), text.indexOf("## Where to read on"));
  return [...section.matchAll(/^( *)```sh\n(.*?)^ *```/gms)].map(([, , block = ""]) => block);
}

test("the README's five minutes lead to a completed rollout", async () => {
  const folder = await mkdtemp(join(tmpdir(), "muster-readme-"));
  const [
    prepare = "",
    keys = "",
    server = "",
    login = "",
    releases = "",
    host = "",
    supervise = "",
    rollout = "",
  ] = (await blocksOfReadme()).map((block) =>
    block
      .replaceAll("/tmp/muster-try", join(folder, "try"))
      .replaceAll(":8080", `:${HTTP_PORT}`)
      .replaceAll(":8443", `:${GATEWAY_PORT}`)
      .replaceAll("_linux_amd64", process.arch === "arm64" ? "_linux_arm64" : "_linux_amd64"),
  );
  const terminal = (commands: string) =>
    new Program(["bash", "-ec", `${prepare}\n${commands}`], { env: { HOME: folder } });
  const left: Program[] = [];
  try {
    await terminal(keys).success();
    const ports = `--http-port ${HTTP_PORT} --gateway-port ${GATEWAY_PORT}`;
    const serving = terminal(`exec ${server.trim()} ${ports}`);
    left.push(serving);
    const [, token = ""] = await serving.line(/Administrator token: (\S+)/);
    await serving.line(/Ready/);
    await terminal(`${login.trim()} --token ${token}`).success();
    await terminal(releases).success();
    await terminal(host).success();
    const supervising = terminal(`exec ${supervise}`);
    left.push(supervising);
    await supervising.line(/connected/);
    expect(await terminal(rollout).success()).toMatch(/completed: 1 of 1 healthy/);
  } finally {
    for (const program of left.toReversed()) await program.stop();
    await rm(folder, { recursive: true });
  }
});
