import { ERROR_REGISTRY } from "@muster/core";
import { describe, expect, test } from "vitest";
import { stubApi } from "../testing/stub-api.ts";
import { runMuster } from "../testing/test-terminal.ts";
import { sampleRelease } from "../testing/views.ts";

const IMPORT = "POST /api/v1/sources/acme/import";
const RETRY = "POST /api/v1/releases/acme-agent/1.0.0/retry";
const READ = "GET /api/v1/releases/acme-agent/1.0.0";
const artifact = { os: "linux", arch: "amd64", sha256: "ab", size: 10, mirrored: false, mirroredBytes: 4 };
const origin = { source: "acme", tag: "v1.0.0" };
const mirroring = sampleRelease({ state: "mirroring", origin, artifacts: [artifact] });

describe("muster release import", () => {
  test("begins the import, waits for the mirroring, and shows where the release is from", async () => {
    const states = [mirroring, sampleRelease({ origin })];
    await using api = await stubApi({ [IMPORT]: () => mirroring, [READ]: () => states.shift() });
    const args = ["release", "import", "acme", "v1.0.0", "--manifest-asset", "m.json"];
    const result = await runMuster(args, { env: api.env, isTTY: true });
    expect(result).toMatchObject({ code: 0, stdout: expect.stringMatching(/From +acme v1\.0\.0/) });
    expect(result.stdout).toMatch(/State +ready/);
    expect(result.stderr).toMatch(/0% .*0 B of 10 B +mirror linux\/amd64, 1 of 1/);
    expect(result.stderr).toMatch(/100% .*10 B of 10 B/);
    expect(JSON.parse(api.requests[0]?.body.toString() ?? "")).toEqual({
      tag: "v1.0.0",
      manifestAsset: "m.json",
    });
  });

  test("does not wait when told so", async () => {
    await using api = await stubApi({ [IMPORT]: () => mirroring });
    const result = await runMuster(["release", "import", "acme", "v1.0.0", "--no-wait"], { env: api.env });
    expect(result).toMatchObject({ code: 0, stdout: expect.stringMatching(/State +mirroring/) });
    expect(api.requests).toHaveLength(1);
  });

  test.each([
    ["SOURCE_RELEASE_NOT_READY", 4],
    ["SOURCE_RELEASE_NOT_FOUND", 3],
    ["SIGNATURE_INVALID", 4],
    ["MIRROR_DESTINATION_FORBIDDEN", 4],
    ["SOURCE_UNAVAILABLE", 1],
  ])("refused with %s it ends with %d", async (code, exitCode) => {
    await using api = await stubApi({ [IMPORT]: () => code });
    const result = await runMuster(["release", "import", "acme", "v1.0.0"], { env: api.env });
    expect(result).toMatchObject({ code: exitCode, stderr: expect.stringContaining(`error ${code}`) });
  });
});

test("muster release retry begins again what failed, and says why it failed again", async () => {
  const failed = {
    ...mirroring,
    state: "failed",
    code: "MIRROR_FETCH_FAILED",
    message: `${ERROR_REGISTRY.MIRROR_FETCH_FAILED.meaning} (status: 404)`,
  };
  await using api = await stubApi({ [RETRY]: () => mirroring, [READ]: () => failed });
  const args = ["release", "retry", "acme-agent", "1.0.0"];
  const result = await runMuster(args, { env: api.env, isTTY: true });
  expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining("fetched: status: 404 (") });
  expect(result.stderr).toMatch(/40% .*4 B of 10 B +mirror/);
  expect(result.stderr).not.toContain("100%");
});
