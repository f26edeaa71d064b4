import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { archiveOf, GOOD_TREE, type TestEntry } from "../testing/archives.ts";
import { stubApi } from "../testing/stub-api.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { runMuster } from "../testing/test-terminal.ts";
import { sampleRelease } from "../testing/views.ts";

/** A release of one archive, built and signed. */
async function signedRelease(more: readonly TestEntry[] = []) {
  const folder = await temporaryFolder();
  const name = "acme-agent_1.0.0_linux_amd64.tar.gz";
  await mkdir(folder.at("release"));
  await writeFile(folder.at("release", name), await archiveOf([...GOOD_TREE, ...more]));
  for (const args of [
    ["keygen", "alice", "--out", folder.at("alice")],
    ["build", folder.at("release"), "--entrypoint", "bin/agent"],
    ["sign", folder.at("release"), "--key", folder.at("alice.key")],
  ]) {
    expect(await runMuster(["release", ...args])).toMatchObject({ code: 0 });
  }
  return { ...folder, release: folder.at("release"), archive: folder.at("release", name) };
}

describe("muster release publish", () => {
  test("a release that nobody has signed is told to be signed", async () => {
    await using folder = await signedRelease();
    await rm(`${folder.release}/acme-agent-release-manifest.json.sig`);
    const { code, stderr } = await runMuster(["release", "publish", folder.release]);
    expect({ code, stderr }).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("muster release sign"),
    });
  });

  const artifact = { os: "linux", arch: "amd64", sha256: "ab", size: 10, mirrored: false, mirroredBytes: 0 };
  const mirroring = sampleRelease({ state: "mirroring", artifacts: [artifact] });
  const upload = "PUT /api/v1/releases/acme-agent/1.0.0/artifacts/linux/amd64";

  test("sends the exact bytes, then the archives, and shows the release when it is ready", async () => {
    await using folder = await signedRelease();
    await using api = await stubApi({
      "POST /api/v1/releases": () => mirroring,
      [upload]: () => sampleRelease(),
    });
    const result = await runMuster(["release", "publish", folder.release], { env: api.env });
    expect(result).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/State +ready/) });
    const [published, uploaded] = api.requests;
    const manifest = await readFile(`${folder.release}/acme-agent-release-manifest.json`);
    const body = JSON.parse(published?.body.toString() ?? "");
    expect(Buffer.from(body.manifest, "base64")).toEqual(manifest);
    expect(body.source).toBe("upload");
    expect(uploaded?.body).toEqual(await readFile(folder.archive));
  });

  test("sends no archive that the server has already", async () => {
    await using folder = await signedRelease();
    await using api = await stubApi({ "POST /api/v1/releases": () => sampleRelease() });
    expect(await runMuster(["release", "publish", folder.release], { env: api.env })).toMatchObject({
      code: 0,
    });
    expect(api.requests).toHaveLength(1);
  });

  test("sends nothing when an archive is not the signed one, unless told not to check", async () => {
    await using folder = await signedRelease();
    await using api = await stubApi({
      "POST /api/v1/releases": () => mirroring,
      [upload]: () => "ARTIFACT_DIGEST_MISMATCH",
    });
    const bytes = await readFile(folder.archive);
    bytes[12] = (bytes[12] ?? 0) ^ 1;
    await writeFile(folder.archive, bytes);
    const publish = (...more: readonly string[]) =>
      runMuster(["release", "publish", folder.release, ...more], { env: api.env });
    expect(await publish()).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("ARTIFACT_DIGEST_MISMATCH"),
    });
    expect(api.requests).toHaveLength(0);
    expect(await publish("--no-check")).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("ARTIFACT_DIGEST_MISMATCH"),
    });
    expect(api.requests).toHaveLength(2);
  });

  test("says why when the server refuses an archive in the middle", async () => {
    await using folder = await signedRelease([
      { name: "big", content: randomBytes(16_000_000).toString("latin1") },
    ]);
    const routes = { "POST /api/v1/releases": () => mirroring, [upload]: () => "MIRROR_TOO_LARGE" };
    await using api = await stubApi(routes, { hasty: upload });
    expect(await runMuster(["release", "publish", folder.release], { env: api.env })).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("error MIRROR_TOO_LARGE"),
    });
  });

  test("lets the server fetch, waits until it is done, and says why it failed", async () => {
    await using folder = await signedRelease();
    const states = [
      mirroring,
      { ...mirroring, state: "failed", code: "MIRROR_FETCH_FAILED", message: "no route" },
    ];
    await using api = await stubApi({
      "POST /api/v1/releases": () => mirroring,
      "GET /api/v1/releases/acme-agent/1.0.0": () => states.shift(),
    });
    const result = await runMuster(["release", "publish", folder.release, "--from-url"], { env: api.env });
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining("error MIRROR_FETCH_FAILED") });
    expect(result.stderr).toContain("no route");
    expect(JSON.parse(api.requests[0]?.body.toString() ?? "")).toMatchObject({ source: "url" });
  });
});
