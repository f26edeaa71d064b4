import { OPERATOR } from "../testing/operator.ts";
import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { HostRequest } from "../testing/release-hosts.ts";
import { createImportWorld, hosted, type ImportWorld } from "../testing/import-world.ts";

const KEY = { product: "app", version: "1.0.0" };
const ELSEWHERE = "https://evil.example.com/archive.tar.gz";
const ARCHIVE = randomBytes(400_000);
let world: ImportWorld;
let id: string;

beforeEach(async () => {
  world = await createImportWorld();
  await begin();
});
afterEach(() => world.close());

async function begin(): Promise<void> {
  id = await world.add();
  world.hosts.releases = [
    hosted(world.signer.sign({ version: "1.0.0", archives: { "linux/amd64": ARCHIVE } })),
  ];
}

/** A world on another network, or with other settings. */
async function beginIn(options: Parameters<typeof createImportWorld>[0]): Promise<void> {
  await world.close();
  world = await createImportWorld(options);
  await begin();
}

const importIt = () => world.sources.import(id, { tag: "v1.0.0" }, { actor: OPERATOR });
const isArchive = ({ host, path }: HostRequest) =>
  host.startsWith("release-assets") && path.startsWith("/2?");
const archiveRequests = () => world.hosts.requests.filter(isArchive);

/** Answers requests for the archive until there are no more answers; then the host does again. */
function answerArchive(...answers: readonly ((response: ServerResponse) => void)[]): void {
  const left = [...answers];
  world.hosts.intercept = (request, response) => {
    const next = isArchive(request) ? left.shift() : undefined;
    next?.(response);
    return next !== undefined;
  };
}

/** Sends so much of the archive and cuts the connection. */
const cutAfter = (bytes: number) => (response: ServerResponse) => {
  response.writeHead(200, { "content-length": ARCHIVE.length, etag: '"v1"' });
  response.write(ARCHIVE.subarray(0, bytes), () => response.destroy());
};
const refuse =
  (status: number, headers = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, headers).end();
  };
/** Sends a part of the rest and cuts the connection. */
const partOf = (from: number, to: number) => (response: ServerResponse) => {
  const range = `bytes ${from}-${ARCHIVE.length - 1}/${ARCHIVE.length}`;
  response.writeHead(206, { "content-range": range, "content-length": ARCHIVE.length - from });
  response.write(ARCHIVE.subarray(from, to), () => response.destroy());
};

describe("mirroring what was imported", () => {
  test("goes on from the byte where the connection broke", async () => {
    answerArchive(cutAfter(100_000));
    await importIt();
    expect((await world.settled(KEY)).state).toBe("ready");
    const [, second] = archiveRequests();
    const from = Number(/^bytes=(\d+)-$/.exec(second?.headers.range ?? "")?.[1]);
    expect(from).toBeGreaterThan(0);
    expect(from).toBeLessThanOrEqual(100_000);
    expect(second?.headers["if-range"]).toBe('"v1"');
    expect(world.pauses).toEqual([2000]);
  });

  test("does not give up on a host that breaks often, as long as each time brings something", async () => {
    const answers = [cutAfter(10_000)];
    world.hosts.intercept = (request, response) => {
      if (!isArchive(request) || archiveRequests().length > 8) return false;
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const answer = answers.shift() ?? partOf(from, from + 10_000);
      answer(response);
      return true;
    };
    await importIt();
    expect((await world.settled(KEY)).state).toBe("ready");
    expect(archiveRequests().length).toBeGreaterThan(5);
  });

  test("waits as long as the host asks for", async () => {
    answerArchive(refuse(429, { "retry-after": "120" }), refuse(503));
    await importIt();
    expect((await world.settled(KEY)).state).toBe("ready");
    expect(world.pauses).toEqual([120_000, 10_000]);
  });

  test("fails with the reason when the asset is gone, and a retry goes on when it is back", async () => {
    answerArchive(cutAfter(100_000), refuse(404));
    await importIt();
    expect(await world.settled(KEY)).toMatchObject({
      state: "failed",
      code: "MIRROR_FETCH_FAILED",
      message: expect.stringContaining("404"),
    });
    const retried = await world.releases.retry(KEY);
    expect(retried).toMatchObject({ state: "mirroring", code: null, message: null });
    expect((await world.settled(KEY)).state).toBe("ready");
    expect(archiveRequests().at(-1)?.headers.range).toMatch(/^bytes=\d+-$/);
  });

  test("is retried only where something failed", async () => {
    await expect(world.releases.retry(KEY)).rejects.toMatchObject({ code: "RESOURCE_NOT_FOUND" });
    await importIt();
    await world.settled(KEY);
    await expect(world.releases.retry(KEY)).rejects.toMatchObject({ code: "RELEASE_TRANSITION_INVALID" });
    const uploaded = world.signer.sign({ version: "2.0.0" });
    await world.releases.publish({ ...uploaded, source: "upload" }, OPERATOR);
    await expect(world.releases.retry({ ...KEY, version: "2.0.0" })).rejects.toMatchObject({
      code: "RELEASE_TRANSITION_INVALID",
    });
  });

  test("fails when its source was removed meanwhile", async () => {
    answerArchive((response) => {
      void world.sources.remove(id).then(() => response.destroy());
    });
    await importIt();
    expect(await world.settled(KEY)).toMatchObject({ state: "failed", code: "RESOURCE_NOT_FOUND" });
  });

  test("takes from the manifest's address what the release does not carry, if that may be asked", async () => {
    const archives = { "linux/amd64": ARCHIVE };
    const signed = world.signer.sign({ version: "1.0.0", archives, urlOf: () => ELSEWHERE });
    const { manifest, signatures } = signed;
    const name = "app-release-manifest.json";
    world.hosts.releases = [hosted(signed, { assets: { [name]: manifest, [`${name}.sig`]: signatures } })];
    await importIt();
    expect(await world.settled(KEY)).toMatchObject({ state: "failed", code: "MIRROR_DESTINATION_FORBIDDEN" });
  });
});

describe("an asset that leads astray", () => {
  test.each([
    ["http", "http://release-assets.githubusercontent.com/2"],
    ["a private address", "https://10.0.0.1/2"],
    ["the cloud's metadata", "https://169.254.169.254/latest/meta-data"],
    ["this machine, spelt otherwise", "https://0x7f.2/2"],
    ["this machine, as a number", "https://2130706434/2"],
    ["a mapped address", "https://[::ffff:10.0.0.1]/2"],
    ["NAT64", "https://[64:ff9b::a00:1]/2"],
    ["a host that is not GitHub's", "https://evil.example.com/2"],
    ["GitHub's name in another's", "https://github.com.evil.example.com/2"],
    ["another port", "https://release-assets.githubusercontent.com:22/2"],
    ["a password", "https://user:secret@release-assets.githubusercontent.com/2"],
  ])("to %s is not followed, and the release says so", async (_what, location) => {
    answerArchive(refuse(302, { location }));
    await importIt();
    const failed = await world.settled(KEY);
    expect(failed).toMatchObject({ state: "failed", code: "MIRROR_DESTINATION_FORBIDDEN" });
    expect(failed.message).not.toContain("secret@");
    expect(archiveRequests()).toHaveLength(1);
  });

  test("in circles is given up after five redirects", async () => {
    const location = "https://release-assets.githubusercontent.com/2?again";
    world.hosts.intercept = (request, response) => {
      if (isArchive(request)) response.writeHead(302, { location }).end();
      return isArchive(request);
    };
    await importIt();
    expect(await world.settled(KEY)).toMatchObject({
      state: "failed",
      message: expect.stringContaining("more than 5 times"),
    });
  });

  test("by a name that is another's the second time it is looked up is not connected to", async () => {
    let lookUps = 0;
    const resolve = async (host: string) => {
      const isRebound = host.startsWith("release-assets") && ++lookUps > 2;
      return [{ address: isRebound ? "10.0.0.1" : "127.0.0.1", family: 4 }];
    };
    await beginIn({ network: { resolve } });
    await importIt();
    expect(await world.settled(KEY)).toMatchObject({
      state: "failed",
      code: "MIRROR_DESTINATION_FORBIDDEN",
      message: expect.stringContaining("10.0.0.1"),
    });
  });
});

test("a release host whose name resolves to a private address is not asked", async () => {
  await beginIn({ network: { resolve: async () => [{ address: "192.168.1.2", family: 4 }] } });
  const forge = await world.add({ id: "forge", kind: "forgejo", host: "git.example.com", token: "secret" });
  for (const call of [
    world.sources.releases(forge, { refresh: false }),
    world.sources.import(forge, { tag: "v1.0.0" }, { actor: OPERATOR }),
  ]) {
    await expect(call).rejects.toMatchObject({
      code: "MIRROR_DESTINATION_FORBIDDEN",
      details: { address: "192.168.1.2" },
    });
  }
  expect(world.hosts.requests).toHaveLength(0);
});
