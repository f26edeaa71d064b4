import type { SourceReleasesView, SourceView } from "@muster/protocol/http";
import { describe, expect, test } from "vitest";
import { pageOf, stubApi } from "../testing/stub-api.ts";
import { runMuster } from "../testing/test-terminal.ts";

const SOURCE: SourceView = {
  id: "acme-agent",
  kind: "github",
  host: "github.com",
  owner: "acme",
  repo: "agent",
  product: "acme-agent",
  hasToken: false,
  createdAt: 1,
  createdBy: "admin",
};
const RELEASES: SourceReleasesView = {
  items: [
    {
      tag: "v1.1.0",
      name: "1.1",
      version: "1.1.0",
      publishedAt: 0,
      prerelease: true,
      ready: true,
      reason: null,
      message: null,
      state: null,
    },
    {
      tag: "nightly",
      name: "Nightly",
      version: null,
      publishedAt: null,
      prerelease: false,
      ready: false,
      reason: "manifest_missing",
      message: "it has no asset acme-agent-release-manifest.json",
      state: null,
    },
  ],
  checkedAt: 60_000,
  problem: null,
};
const bodyOf = (request: { readonly body: Buffer } | undefined) => JSON.parse(request?.body.toString() ?? "");

describe("muster source", () => {
  test("adds a repository, with a token that is read and not shown", async () => {
    await using api = await stubApi({ "POST /api/v1/sources": () => ({ ...SOURCE, hasToken: true }) });
    const args = ["source", "add", "acme/agent", "--product", "acme-agent", "--host-token-stdin"];
    const result = await runMuster(args, { env: api.env, input: "ghp_secret\n" });
    expect(result).toMatchObject({ code: 0, stdout: expect.stringMatching(/Token +set/) });
    expect(result.stdout + result.stderr).not.toContain("ghp_secret");
    expect(bodyOf(api.requests[0])).toEqual({
      kind: "github",
      owner: "acme",
      repo: "agent",
      product: "acme-agent",
      token: "ghp_secret",
    });
  });

  test("lists, and removes", async () => {
    await using api = await stubApi({
      "GET /api/v1/sources": () => pageOf([SOURCE]),
      "DELETE /api/v1/sources/acme-agent": () => undefined,
    });
    const list = await runMuster(["source", "list"], { env: api.env });
    expect(list.stdout).toMatch(/acme-agent +acme-agent +github +none +github\.com\/acme\/agent/);
    const remove = await runMuster(["source", "remove", "acme-agent"], { env: api.env });
    expect(remove).toMatchObject({ code: 0, stdout: "Removed source acme-agent.\n" });
  });

  test("shows what can be imported, and why not", async () => {
    await using api = await stubApi({ "GET /api/v1/sources/acme-agent/releases": () => RELEASES });
    const args = ["source", "releases", "acme-agent", "--refresh"];
    const { stdout, stderr } = await runMuster(args, { env: api.env, now: 120_000 });
    expect(stdout).toMatch(/v1\.1\.0 +1\.1\.0 +2m ago +- +ready \(prerelease\)/);
    expect(stdout).toMatch(/nightly +- +- +- +not ready: it has no asset/);
    expect(stderr).toBe("");
    expect(api.requests[0]?.query).toEqual({ refresh: "true" });
  });

  test("says when the host could not be asked now", async () => {
    const problem = {
      code: "SOURCE_RATE_LIMITED",
      message: "The release host answers no more",
      retryAfterMs: 90_000,
    };
    await using api = await stubApi({
      "GET /api/v1/sources/acme-agent/releases": () => ({ ...RELEASES, problem }),
    });
    const { stderr } = await runMuster(["source", "releases", "acme-agent"], { env: api.env, now: 120_000 });
    expect(stderr).toContain("As of 1m ago: The release host answers no more [SOURCE_RATE_LIMITED]");
    expect(stderr).toContain("Ask again in 1m 30s.");
  });

  test("changes what is said, keeps or forgets the token, and does not leave the host", async () => {
    await using api = await stubApi({
      "GET /api/v1/sources/acme-agent": () => SOURCE,
      "PUT /api/v1/sources/acme-agent": () => SOURCE,
    });
    const update = (...args: readonly string[]) =>
      runMuster(["source", "update", "acme-agent", ...args], { env: api.env, input: "ghp_new" });
    const sent = () => bodyOf(api.requests.at(-1));
    expect(await update("--repository", "acme/agent2")).toMatchObject({ code: 0 });
    expect(sent()).toEqual({ owner: "acme", repo: "agent2" });
    await update("--host-token-stdin");
    expect(sent()).toEqual({ token: "ghp_new" });
    await update("--no-host-token");
    expect(sent()).toEqual({ token: null });
    expect(await update("--repository", "evil.example.com/acme/agent")).toMatchObject({ code: 2 });
    expect(await update("--no-host-token", "--host-token-stdin")).toMatchObject({ code: 2 });
  });
});
