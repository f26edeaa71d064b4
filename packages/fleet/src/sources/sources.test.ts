import { OPERATOR } from "../testing/operator.ts";
import { buffer } from "node:stream/consumers";
import { releaseSchema, sourcePageSchema, sourceSchema } from "@muster/protocol/http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createImportWorld, hosted, type ImportWorld } from "../testing/import-world.ts";
import { createReleaseSigner } from "../testing/release-signer.ts";

const KEY = { product: "app", version: "1.0.0" };
const TWO = { "linux/amd64": Buffer.from("for amd64"), "linux/arm64": Buffer.from("for arm64") };
const MANIFEST = "app-release-manifest.json";
let world: ImportWorld;

beforeEach(async () => {
  world = await createImportWorld();
});
afterEach(() => world.close());

const release = (version = "1.0.0") => world.signer.sign({ version, archives: TWO });
const importTag = (id: string, tag = "v1.0.0", names = {}) =>
  world.sources.import(id, { tag, ...names }, { actor: OPERATOR });
/** Which hosts were told who asks. */
const toldHosts = () => {
  const told = world.hosts.requests.filter(({ headers }) => headers.authorization !== undefined);
  return [...new Set(told.map(({ host }) => host))];
};
const askedHosts = () => new Set(world.hosts.requests.map(({ host }) => host));

describe("a source", () => {
  test("is added, listed, changed and removed, and its token is never shown", async () => {
    const created = await world.sources.create(
      { kind: "github", owner: "acme", repo: "agent", product: "app", token: "ghp_secret" },
      OPERATOR,
    );
    expect(sourceSchema.parse(created)).toEqual(created);
    expect(created).toMatchObject({ id: "app", host: "github.com", hasToken: true, createdBy: "olga" });
    const changed = await world.sources.update("app", { repo: "agent2" });
    expect(changed).toEqual({ ...created, repo: "agent2" });
    await world.add({ id: "forge", kind: "forgejo", host: "Git.Example.com:3000" });
    const page = await world.sources.list({ limit: 10 });
    expect(sourcePageSchema.parse(page)).toEqual(page);
    expect(page.items.map(({ id, host }) => [id, host])).toEqual([
      ["app", "github.com"],
      ["forge", "git.example.com:3000"],
    ]);
    expect(JSON.stringify(page)).not.toContain("ghp_secret");
    expect(await world.sources.update("app", { token: null })).toMatchObject({ hasToken: false });
    await world.sources.remove("app");
    for (const call of [
      world.sources.get("app"),
      world.sources.remove("app"),
      world.sources.update("app", { repo: "x" }),
      world.sources.releases("app", { refresh: false }),
      importTag("app"),
    ]) {
      await expect(call).rejects.toMatchObject({ code: "RESOURCE_NOT_FOUND" });
    }
  });

  test("keeps its token sealed in the database", async () => {
    await world.add({ token: "ghp_secret" });
    const row = await world.db.selectFrom("sources").selectAll().executeTakeFirstOrThrow();
    expect(row.token_sealed).toMatch(/^1\./);
    expect(JSON.stringify(row)).not.toContain("ghp_secret");
    await world.db.updateTable("sources").set({ id: "moved" }).execute();
    await expect(importTag("moved")).rejects.toMatchObject({ code: "SECRET_UNREADABLE" });
  });

  test("of a name that there is already is refused, and changes nothing", async () => {
    await world.add();
    await expect(world.add({ repo: "other" })).rejects.toMatchObject({ code: "SOURCE_EXISTS" });
    expect(await world.sources.get("app")).toMatchObject({ repo: "agent" });
  });

  test.each([
    [{ kind: "github", host: "github.example.com" }, "REQUEST_INVALID"],
    [{ kind: "forgejo" }, "REQUEST_INVALID"],
    [{ kind: "forgejo", host: "git.example.com/path" }, "REQUEST_INVALID"],
    [{ kind: "forgejo", host: "user@git.example.com" }, "REQUEST_INVALID"],
    [{ kind: "forgejo", host: "git.example.com?" }, "REQUEST_INVALID"],
    [{ kind: "forgejo", host: "*.example.com" }, "REQUEST_INVALID"],
    [{ kind: "forgejo", host: "10.0.0.1" }, "MIRROR_DESTINATION_FORBIDDEN"],
    [{ kind: "forgejo", host: "169.254.169.254" }, "MIRROR_DESTINATION_FORBIDDEN"],
    [{ kind: "forgejo", host: "0x7f.2:3000" }, "MIRROR_DESTINATION_FORBIDDEN"],
    [{ kind: "forgejo", host: "2130706434" }, "MIRROR_DESTINATION_FORBIDDEN"],
    [{ kind: "forgejo", host: "[::1]:3000" }, "MIRROR_DESTINATION_FORBIDDEN"],
    [{ kind: "forgejo", host: "[64:ff9b::a9fe:a9fe]" }, "MIRROR_DESTINATION_FORBIDDEN"],
  ] as const)("at %j is refused", async (source, code) => {
    await expect(world.add(source)).rejects.toMatchObject({ code });
    expect((await world.sources.list({ limit: 1 })).total).toBe(0);
  });
});

describe("importing", () => {
  test("a public release of GitHub mirrors its own assets, whatever the manifest's addresses say", async () => {
    const id = await world.add();
    world.hosts.releases = [hosted(release())];
    const begun = await importTag(id);
    expect(releaseSchema.parse(begun)).toEqual(begun);
    expect(begun).toMatchObject({
      ...KEY,
      state: "mirroring",
      publishedBy: "olga",
      origin: { source: id, tag: "v1.0.0" },
    });
    const ready = await world.settled(KEY);
    expect(ready).toMatchObject({ state: "ready", artifacts: [{ mirroredBytes: 9 }, { mirroredBytes: 9 }] });
    const [amd64] = ready.artifacts;
    const { content } = await world.objects.open(amd64?.sha256 ?? "", 0);
    expect(await buffer(content)).toEqual(TWO["linux/amd64"]);
    expect(askedHosts()).toEqual(
      new Set(["api.github.com", "github.com", "release-assets.githubusercontent.com"]),
    );
    const listed = await world.sources.releases(id, { refresh: false });
    expect(listed.items[0]).toMatchObject({ tag: "v1.0.0", ready: true, state: "ready" });
  });

  test("a private release of GitHub shows the token to the API alone", async () => {
    world.hosts.token = "ghp_secret";
    const id = await world.add({ token: "ghp_secret" });
    world.hosts.releases = [hosted(release())];
    await importTag(id);
    expect((await world.settled(KEY)).state).toBe("ready");
    expect(toldHosts()).toEqual(["api.github.com"]);
    expect(askedHosts()).toEqual(new Set(["api.github.com", "release-assets.githubusercontent.com"]));
  });

  test("a private release of Forgejo shows the token to its host alone", async () => {
    world.hosts.token = "forge_secret";
    const id = await world.add({ kind: "forgejo", host: "git.example.com", token: "forge_secret" });
    world.hosts.releases = [hosted(release())];
    await importTag(id);
    expect((await world.settled(KEY)).state).toBe("ready");
    expect(toldHosts()).toEqual(["git.example.com"]);
    expect(world.hosts.requests[0]).toMatchObject({
      path: "/api/v1/repos/acme/agent/releases/tags/v1.0.0",
      headers: { authorization: "token forge_secret" },
    });
  });

  test("takes a tag with a slash, and assets by other names", async () => {
    const id = await world.add();
    const { manifest, signatures } = release();
    const assets = { "app.json": manifest, "app.signed": signatures, "amd64.bin": TWO["linux/amd64"] };
    world.hosts.releases = [hosted(release(), { tag: "agents/2026-03", assets })];
    const names = { manifestAsset: "app.json", signatureAsset: "app.signed" };
    expect(await importTag(id, "agents/2026-03", names)).toMatchObject({ origin: { tag: "agents/2026-03" } });
  });

  test("finds an archive by the last part of its address when it does not have the fixed name", async () => {
    const id = await world.add();
    const signed = world.signer.sign({
      version: "1.0.0",
      archives: TWO,
      urlOf: (platform) => `https://archives.test/builds/agent%20${platform.replace("/", "-")}.tgz?x=1`,
    });
    const assets = {
      [MANIFEST]: signed.manifest,
      [`${MANIFEST}.sig`]: signed.signatures,
      "agent linux-amd64.tgz": TWO["linux/amd64"],
      "agent linux-arm64.tgz": TWO["linux/arm64"],
    };
    world.hosts.releases = [hosted(signed, { assets })];
    await importTag(id);
    expect((await world.settled(KEY)).state).toBe("ready");
  });

  test("the same release again changes nothing, and a failed one begins anew", async () => {
    const id = await world.add();
    world.hosts.releases = [hosted(release())];
    await importTag(id);
    const ready = await world.settled(KEY);
    expect(await importTag(id)).toEqual(ready);
  });

  test.each([
    ["no release of this tag", "v9.9.9", "SOURCE_RELEASE_NOT_FOUND"],
    ["a draft", "v2.0.0", "SOURCE_RELEASE_NOT_FOUND"],
    ["a release without a signature", "v3.0.0", "SOURCE_RELEASE_NOT_READY"],
    ["an old manifest at a new release", "v4.0.0", "SOURCE_RELEASE_MISMATCH"],
    ["the manifest of another product", "v5.0.0", "SOURCE_RELEASE_MISMATCH"],
    ["a manifest signed by strangers", "v6.0.0", "SIGNATURE_INVALID"],
  ])("%s is refused, and nothing is recorded", async (_what, tag, code) => {
    const id = await world.add();
    const stranger = createReleaseSigner().sign({ version: "6.0.0" });
    const other = world.signer.sign({ product: "other", version: "5.0.0" });
    const otherAssets = { [MANIFEST]: other.manifest, [`${MANIFEST}.sig`]: other.signatures };
    world.hosts.releases = [
      hosted(release("2.0.0"), { draft: true }),
      hosted(release("3.0.0"), { assets: { [MANIFEST]: new Uint8Array(3) } }),
      hosted(release("1.0.0"), { tag: "v4.0.0" }),
      hosted(other, { assets: otherAssets }),
      hosted(stranger),
    ];
    await expect(importTag(id, tag)).rejects.toMatchObject({ code });
    expect((await world.releases.list({ limit: 1 })).total).toBe(0);
  });

  test("a yanked release is refused, and the list says so", async () => {
    const id = await world.add();
    world.hosts.releases = [hosted(release())];
    await importTag(id);
    await world.settled(KEY);
    await world.releases.yank(KEY, "It eats disks.");
    await expect(importTag(id)).rejects.toMatchObject({ code: "RELEASE_YANKED" });
    const { items } = await world.sources.releases(id, { refresh: false });
    expect(items[0]).toMatchObject({ ready: false, reason: "yanked", state: "yanked" });
  });

  test("a manifest that is other than its size says is cut off", async () => {
    const id = await world.add();
    world.hosts.releases = [hosted(release())];
    world.hosts.intercept = ({ host }, response) => {
      if (!host.startsWith("release-assets")) return false;
      response.end(Buffer.alloc(3_000_000));
      return true;
    };
    await expect(importTag(id)).rejects.toMatchObject({ code: "MIRROR_TOO_LARGE" });
  });
});
