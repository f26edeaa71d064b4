import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { readWhole } from "../../testing/arriving.ts";
import { type HttpsOrigin, startHttpsOrigin } from "../../testing/https-origin.ts";
import { testNetwork } from "../../testing/test-network.ts";
import { createGuard, createGuardedFetcher, FETCH_LIMITS } from "./guarded-fetcher.ts";
import { type Network, PUBLIC_NETWORK } from "./network.ts";

const HOSTS = ["archives.test", "mirror.test"];
let origin: HttpsOrigin;

beforeAll(async () => {
  origin = await startHttpsOrigin(HOSTS);
});
afterAll(() => origin.close());
afterEach(() => {
  origin.answer((_request, response) => response.writeHead(404).end());
});

const network = (changes: Partial<Network> = {}) => testNetwork(origin, changes);

function fetchOn(
  net: Network,
  url: string,
  { maxBytes = 1000, limits = FETCH_LIMITS, signal = anySignal(), hosts = [`*:${origin.port}`] } = {},
) {
  const fetcher = createGuardedFetcher(createGuard(net, hosts, limits));
  return readWhole(fetcher.fetch({ location: { url }, from: null, maxBytes, signal }));
}

const anySignal = () => new AbortController().signal;
const at = (path: string, host = "archives.test") => `https://${host}:${origin.port}${path}`;
const asked = () => vi.fn<() => void>();

describe("a fetch", () => {
  test("brings the content as it is, with no credentials and no compression asked for", async () => {
    let headers: unknown;
    origin.answer((request, response) => {
      headers = request.headers;
      response.end("an archive");
    });
    expect((await fetchOn(network(), at("/a.tar.gz?part=1"))).toString()).toBe("an archive");
    expect(origin.requests.at(-1)).toBe("/a.tar.gz?part=1");
    expect(headers).toMatchObject({ host: `archives.test:${origin.port}`, "accept-encoding": "identity" });
    expect(headers).not.toHaveProperty("authorization");
    expect(headers).not.toHaveProperty("cookie");
  });

  test("follows redirects to listed hosts, relative ones too", async () => {
    origin.answer((request, response) => {
      if (request.url === "/1") response.writeHead(302, { location: "/2" }).end("moved");
      else if (request.url === "/2") response.writeHead(307, { location: at("/3", "mirror.test") }).end();
      else response.end(`from ${request.headers.host}`);
    });
    expect((await fetchOn(network(), at("/1"))).toString()).toBe(`from mirror.test:${origin.port}`);
  });

  test("follows five redirects and not six", async () => {
    origin.answer((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end("here");
      else response.writeHead(301, { location: `/${left - 1}` }).end();
    });
    expect((await fetchOn(network(), at("/5"))).toString()).toBe("here");
    await expect(fetchOn(network(), at("/6"))).rejects.toMatchObject({ code: "MIRROR_FETCH_FAILED" });
  });

  test.each([404, 500, 206, 204, 304])("is refused when the host answers %d", async (status) => {
    origin.answer((_request, response) => response.writeHead(status).end());
    await expect(fetchOn(network(), at("/gone"))).rejects.toMatchObject({
      code: "MIRROR_FETCH_FAILED",
      details: { status },
    });
  });

  test("is not held up by a refusal that goes on and on", async () => {
    origin.answer((_request, response) => {
      response.writeHead(404, { "content-length": 10_000_000 }).write("x".repeat(100_000));
    });
    await expect(fetchOn(network(), at("/gone"))).rejects.toMatchObject({ details: { status: 404 } });
  });

  test("fails when the connection breaks in the middle", async () => {
    origin.answer((_request, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("half", () => response.destroy());
    });
    await expect(fetchOn(network(), at("/broken"))).rejects.toMatchObject({ code: "MIRROR_FETCH_FAILED" });
  });

  test("fails when the host's certificate is from another authority, or for another name", async () => {
    const { authority: _, ...unbelieving } = network();
    await expect(fetchOn(unbelieving, at("/a"))).rejects.toMatchObject({ code: "MIRROR_FETCH_FAILED" });
    await expect(fetchOn(network(), at("/a", "other.test"))).rejects.toMatchObject({
      code: "MIRROR_FETCH_FAILED",
    });
  });

  test("fails when the name has no address", async () => {
    const nowhere = network({ resolve: async () => [] });
    await expect(fetchOn(nowhere, at("/a"))).rejects.toMatchObject({ code: "MIRROR_FETCH_FAILED" });
  });
});

describe("the byte cap", () => {
  test("refuses a larger announced size before a byte is read", async () => {
    origin.answer((_request, response) => response.writeHead(200, { "content-length": 1001 }).write("x"));
    await expect(fetchOn(network(), at("/big"))).rejects.toMatchObject({ code: "MIRROR_TOO_LARGE" });
  });

  test("cuts off an endless body", async () => {
    origin.answer((_request, response) => {
      const more = () => {
        while (response.write("x".repeat(100)));
      };
      response.on("drain", more);
      more();
    });
    await expect(fetchOn(network(), at("/endless"))).rejects.toMatchObject({ code: "MIRROR_TOO_LARGE" });
  });
});

describe("the deadlines", () => {
  test("a body that stops is given up", async () => {
    origin.answer((_request, response) => response.writeHead(200).write("a"));
    const limits = { ...FETCH_LIMITS, idleMs: 30 };
    await expect(fetchOn(network(), at("/idle"), { limits })).rejects.toMatchObject({
      code: "MIRROR_FETCH_FAILED",
    });
  });

  test("a body that drips for ever is given up", async () => {
    let drip: NodeJS.Timeout | undefined;
    origin.answer((_request, response) => {
      drip = setInterval(() => response.write("a"), 5);
    });
    const limits = { ...FETCH_LIMITS, overallMs: 60 };
    await expect(fetchOn(network(), at("/drip"), { limits })).rejects.toMatchObject({
      code: "MIRROR_FETCH_FAILED",
      details: { problem: "took longer than 60 ms" },
    });
    clearInterval(drip);
  });

  test("who called can end it, with a reason of their own", async () => {
    const controller = new AbortController();
    const reason = new Error("the server stops");
    origin.answer((_request, response) => {
      response.writeHead(200).write("a", () => controller.abort(reason));
    });
    await expect(fetchOn(network(), at("/a"), { signal: controller.signal })).rejects.toBe(reason);
  });
});

describe("what is forbidden", () => {
  const forbidden = { code: "MIRROR_DESTINATION_FORBIDDEN" };

  test.each([
    "http://archives.test/a",
    "ftp://archives.test/a",
    "file:///etc/passwd",
    "data:text/plain,a",
    "not an address",
    "//archives.test/a",
    "",
  ])("%j is no https address", async (url) => {
    await expect(fetchOn(network(), url)).rejects.toMatchObject(forbidden);
  });

  test.each(["user@", "user:secret@", ":secret@"])("a user name or password: %s", async (userinfo) => {
    const url = `https://${userinfo}archives.test:${origin.port}/a`;
    const failure = fetchOn(network(), url);
    await expect(failure).rejects.toMatchObject(forbidden);
    await expect(failure).rejects.not.toThrow(/secret/);
  });

  test("a host that is not listed, whatever else is right", async () => {
    const hosts = [`mirror.test:${origin.port}`];
    await expect(fetchOn(network(), at("/a"), { hosts })).rejects.toMatchObject({
      ...forbidden,
      details: { problem: expect.stringContaining("--mirror-allow") },
    });
  });

  test("everything, when no host is listed", async () => {
    const failure = fetchOn(PUBLIC_NETWORK, "https://example.com/a", { hosts: [] });
    await expect(failure).rejects.toMatchObject(forbidden);
  });

  test.each([
    "127.0.0.1",
    "127.1",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "①②⑦.⓪.⓪.①",
    "10.0.0.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "localhost",
  ])("the public network's fetcher does not connect to %s, even if every host is listed", async (host) => {
    const hosts = ["*", `*:${origin.port}`];
    const before = origin.requests.length;
    for (const url of [`https://${host}/a`, `https://${host}:${origin.port}/a`]) {
      await expect(fetchOn(PUBLIC_NETWORK, url, { hosts })).rejects.toMatchObject(forbidden);
    }
    expect(origin.requests).toHaveLength(before);
  });

  test.each(["10.0.0.1", "169.254.169.254", "127.0.0.2", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])(
    "a name that resolves to %s, alone or among public addresses",
    async (address) => {
      const family = address.includes(":") ? 6 : 4;
      const alone = network({ resolve: async () => [{ address, family }] });
      await expect(fetchOn(alone, at("/a"))).rejects.toMatchObject({ ...forbidden, details: { address } });
      const among = network({
        resolve: async () => [
          { address: "127.0.0.1", family: 4 },
          { address, family },
        ],
      });
      await expect(fetchOn(among, at("/a"))).rejects.toMatchObject({ ...forbidden, details: { address } });
    },
  );

  test("a name that resolves to a private address the second time", async () => {
    const answers = ["127.0.0.1", "10.0.0.1"];
    const rebinding = network({ resolve: async () => [{ address: answers.shift() ?? "", family: 4 }] });
    const served = asked();
    origin.answer((request, response) => {
      if (request.url === "/1") return response.writeHead(302, { connection: "close", location: "/2" }).end();
      served();
      return response.end("inside");
    });
    await expect(fetchOn(rebinding, at("/1"))).rejects.toMatchObject({
      ...forbidden,
      details: { address: "10.0.0.1" },
    });
    expect(served).not.toHaveBeenCalled();
  });

  test("the address connected to is one that was checked: the name is looked up once", async () => {
    const resolve = vi.fn<Network["resolve"]>(async () => [{ address: "127.0.0.1", family: 4 }]);
    origin.answer((_request, response) => response.end("a"));
    await fetchOn(network({ resolve }), at("/a"));
    expect(resolve).toHaveBeenCalledOnce();
  });

  test("a peer that is not who was looked up, before the request is sent", async () => {
    const served = asked();
    origin.answer((_request, response) => {
      served();
      response.end("inside");
    });
    const verdicts = [null, "loopback"];
    const refusalOf = vi.fn<Network["refusalOf"]>(() => verdicts.shift() ?? null);
    await expect(fetchOn(network({ refusalOf }), at("/a"))).rejects.toMatchObject(forbidden);
    expect(refusalOf).toHaveBeenCalledTimes(2);
    expect(served).not.toHaveBeenCalled();
  });

  test.each([
    ["http", () => `http://archives.test:${origin.port}/a`],
    ["a private address", () => `https://10.0.0.1:${origin.port}/a`],
    ["this machine by another spelling", () => `https://0x7f.2:${origin.port}/a`],
    ["a mapped address", () => `https://[::ffff:7f00:1]:${origin.port}/a`],
    ["another port", () => "https://archives.test:22/a"],
    ["a password", () => `https://user:secret@archives.test:${origin.port}/a`],
    ["a file", () => "file:///etc/passwd"],
  ])("a redirect to %s", async (_what, location) => {
    origin.answer((request, response) => {
      if (request.url === "/1") response.writeHead(302, { location: location() }).end();
      else response.end("inside");
    });
    await expect(fetchOn(network(), at("/1"))).rejects.toMatchObject(forbidden);
  });
});
