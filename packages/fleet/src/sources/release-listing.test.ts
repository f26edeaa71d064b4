import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sourceReleasesSchema } from "@muster/protocol/http";
import { createImportWorld, hosted, type ImportWorld } from "../testing/import-world.ts";

const MINUTE = 60_000;
let world: ImportWorld;
let id: string;

beforeEach(async () => {
  world = await createImportWorld();
  id = await world.add();
  world.hosts.releases = [hosted(world.signer.sign({ version: "1.0.0" }))];
});
afterEach(() => world.close());

const read = (refresh = false) => world.sources.releases(id, { refresh });
const asked = () => world.hosts.requests.length;
/** Lets the API answer this from now on. */
function answerWith(
  status: number,
  headers: Readonly<Record<string, string | undefined>> = {},
  body = "",
): void {
  world.hosts.intercept = (_request, response) => {
    response.writeHead(status, headers).end(body);
    return true;
  };
}

const of = (tag: string, assets: Record<string, Uint8Array>, more = {}) => ({ tag, assets, ...more });

describe("a source's releases", () => {
  test("are listed newest first, without drafts, each with what it lacks", async () => {
    const [manifest, signature] = ["app-release-manifest.json", "app-release-manifest.json.sig"];
    const bytes = new Uint8Array(10);
    world.hosts.releases = [
      of("v1.0.0", { [manifest]: bytes, [signature]: bytes }, { publishedAt: "2026-01-01T00:00:00Z" }),
      of("v1.5.0", { [manifest]: bytes, [signature]: bytes }, { draft: true }),
      of("v1.4.0", { [manifest]: bytes, [signature]: bytes }, { incomplete: [signature] }),
      of("v1.3.0-rc.1", { [manifest]: bytes }, { prerelease: true }),
      of("nightly", { [signature]: bytes }),
      of("v1.2.0", { [manifest]: new Uint8Array(2 * 1024 * 1024 + 1), [signature]: bytes }),
      of("v1.1.0", { [manifest]: bytes, [signature]: new Uint8Array(128 * 1024 + 1) }),
    ];
    const view = await read();
    expect(sourceReleasesSchema.parse(view)).toEqual(view);
    expect(view.items.map(({ tag, version, ready, reason }) => [tag, version, ready, reason])).toEqual([
      ["v1.4.0", "1.4.0", false, "upload_incomplete"],
      ["v1.3.0-rc.1", "1.3.0-rc.1", false, "signature_missing"],
      ["nightly", null, false, "manifest_missing"],
      ["v1.2.0", "1.2.0", false, "manifest_too_large"],
      ["v1.1.0", "1.1.0", false, "signature_too_large"],
      ["v1.0.0", "1.0.0", true, null],
    ]);
    expect(view.items[1]).toMatchObject({ prerelease: true, name: "Release v1.3.0-rc.1", state: null });
    expect(view.items[2]?.message).toContain("no asset app-release-manifest.json");
  });

  test("are asked for at most every five minutes, and not sent again when nothing has changed", async () => {
    const first = await read();
    world.pass(4 * MINUTE);
    expect(await read()).toEqual(first);
    expect(asked()).toBe(1);
    world.pass(MINUTE);
    const later = await read();
    expect(later.items).toEqual(first.items);
    expect(later.checkedAt).toBe(first.checkedAt + 5 * MINUTE);
    expect(asked()).toBe(2);
    expect(world.hosts.requests[1]?.headers["if-none-match"]).toMatch(/^W\/"/);
    world.hosts.releases = [];
    world.pass(5 * MINUTE);
    expect((await read()).items).toEqual([]);
  });

  test("are asked for again when somebody wants them fresh, but not twice in ten seconds", async () => {
    await read();
    await read(true);
    expect(asked()).toBe(1);
    world.pass(10_000);
    await read(true);
    expect(asked()).toBe(2);
  });

  test("are asked for once, however many want them at a time", async () => {
    const views = await Promise.all(Array.from({ length: 20 }, () => read()));
    expect(asked()).toBe(1);
    expect(views.every((view) => view === views[0] || view.checkedAt === views[0]?.checkedAt)).toBe(true);
  });

  test("are asked for anew when the source has changed", async () => {
    await read();
    await world.sources.update(id, { repo: "other" });
    await expect(read()).rejects.toMatchObject({ code: "SOURCE_ACCESS_DENIED" });
  });
});

const IN_TEN_MINUTES = String(Date.parse("2026-01-03T00:10:00Z") / 1000);

describe("a host that limits its answers", () => {
  test.each([
    [403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": IN_TEN_MINUTES }, 10 * MINUTE],
    [429, { "retry-after": "90" }, 90_000],
    [403, { "retry-after": "5" }, 5000],
    [429, {}, MINUTE],
  ])("with %d is left alone for as long as it says", async (status, headers, retryAfterMs) => {
    answerWith(status, headers);
    const limited = { code: "SOURCE_RATE_LIMITED" };
    await expect(read()).rejects.toMatchObject({ ...limited, details: { retryAfterMs } });
    world.pass(1000);
    await expect(read(true)).rejects.toMatchObject({
      ...limited,
      details: { retryAfterMs: retryAfterMs - 1000 },
    });
    expect(asked()).toBe(1);
    world.pass(retryAfterMs);
    world.hosts.intercept = null;
    expect((await read()).items).toHaveLength(1);
  });

  test("leaves the list as it was last, which says so", async () => {
    const before = await read();
    answerWith(429, { "retry-after": "90" });
    world.pass(5 * MINUTE);
    expect(await read()).toEqual({
      ...before,
      problem: {
        code: "SOURCE_RATE_LIMITED",
        message: expect.stringContaining("github.com"),
        retryAfterMs: 90_000,
      },
    });
  });
});

describe("a host that does not answer as it should", () => {
  test.each([
    ["a repository that is not there", 404, "", "SOURCE_ACCESS_DENIED"],
    ["a token that is not good", 401, "", "SOURCE_ACCESS_DENIED"],
    ["a token that may not", 403, "", "SOURCE_ACCESS_DENIED"],
    ["trouble of its own", 500, "", "SOURCE_UNAVAILABLE"],
    ["what is no JSON", 200, "<html>", "SOURCE_ANSWER_INVALID"],
    ["another form", 200, '{"releases":[]}', "SOURCE_ANSWER_INVALID"],
    ["a release without assets", 200, '[{"tag_name":"v1","draft":false}]', "SOURCE_ANSWER_INVALID"],
    ["more than is read", 200, `[${" ".repeat(8 * 1_048_576)}]`, "SOURCE_ANSWER_INVALID"],
    ["nothing, though nothing was known", 304, "", "SOURCE_UNAVAILABLE"],
  ])("with %s is told apart", async (_what, status, body, code) => {
    answerWith(status, {}, body);
    await expect(read()).rejects.toMatchObject({ code });
  });

  test("at all is SOURCE_UNAVAILABLE, and tried again when somebody wants", async () => {
    world.hosts.intercept = (_request, response) => {
      response.destroy();
      return true;
    };
    await expect(read()).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
    world.hosts.intercept = null;
    expect((await read()).items).toHaveLength(1);
  });

  test("leaves the list as it was last, and is left alone for half a minute", async () => {
    const { items } = await read();
    answerWith(502);
    world.pass(5 * MINUTE);
    expect(await read()).toMatchObject({
      items,
      problem: { code: "SOURCE_UNAVAILABLE", retryAfterMs: null },
    });
    await read();
    expect(asked()).toBe(2);
    world.pass(30_000);
    world.hosts.intercept = null;
    expect(await read()).toMatchObject({ items, problem: null });
  });
});
