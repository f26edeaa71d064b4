import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type HttpsOrigin, startHttpsOrigin } from "../../testing/https-origin.ts";
import { testNetwork } from "../../testing/test-network.ts";
import { createGuard } from "./guarded-fetcher.ts";
import { type GuardedRequest, requestGuarded } from "./guarded-request.ts";

const HOSTS = ["api.github.com", "objects.githubusercontent.com", "api.github.com.evil.test"];
const credential = { origin: "https://api.github.com", authorization: "Bearer ghp_secret" };
let origin: HttpsOrigin;
/** Who was asked for what, and whether the credential came along. */
let seen: string[];

beforeAll(async () => {
  origin = await startHttpsOrigin(HOSTS);
});
afterAll(() => origin.close());

/** Redirects from each place to the next. */
function lead(...places: readonly string[]): void {
  origin.answer(({ headers, url = "" }, response) => {
    seen.push(`${headers.host}${url} ${headers.authorization ?? "nobody"}`);
    const next = places[places.findIndex((place) => place === `https://${headers.host}${url}`) + 1];
    if (next === undefined) response.end("content");
    else response.writeHead(302, { location: next }).end();
  });
}

beforeEach(() => {
  seen = [];
});

async function ask(url: string, request: Partial<GuardedRequest> = {}): Promise<void> {
  const guard = createGuard(testNetwork(origin), []);
  const { signal } = new AbortController();
  const answer = await requestGuarded(guard, {
    url,
    headers: {},
    hosts: ["api.github.com", "*.githubusercontent.com", "*.evil.test", "*:8443"],
    credential,
    maxBytes: 100,
    signal,
    ...request,
  });
  await answer.close();
}

describe("a credential", () => {
  test("goes to its origin, and stays with redirects within it", async () => {
    lead("https://api.github.com/1", "https://api.github.com/2");
    await ask("https://api.github.com/1");
    expect(seen).toEqual(["api.github.com/1 Bearer ghp_secret", "api.github.com/2 Bearer ghp_secret"]);
  });

  test("does not go to the host that a redirect leads to, nor back from there", async () => {
    const places = [
      "https://api.github.com/1",
      "https://objects.githubusercontent.com/2",
      "https://api.github.com/3",
    ];
    lead(...places);
    await ask("https://api.github.com/1");
    expect(seen).toEqual([
      "api.github.com/1 Bearer ghp_secret",
      "objects.githubusercontent.com/2 nobody",
      "api.github.com/3 nobody",
    ]);
  });

  test.each(["https://api.github.com.evil.test/1", "https://objects.githubusercontent.com/1"])(
    "does not go to %s when that is asked first",
    async (url) => {
      lead();
      await ask(url);
      expect(seen).toEqual([expect.stringMatching(/ nobody$/)]);
    },
  );

  test("does not go to another port of its host", async () => {
    lead();
    const network = testNetwork(origin, { portFor: () => origin.port });
    const guard = createGuard(network, ["api.github.com:8443"]);
    const answer = await requestGuarded(guard, {
      url: "https://api.github.com:8443/1",
      headers: {},
      credential,
      maxBytes: 100,
      signal: new AbortController().signal,
    });
    await answer.close();
    expect(seen).toEqual(["api.github.com:8443/1 nobody"]);
  });

  test("is in no error", async () => {
    origin.answer((_request, response) => {
      response.writeHead(302, { location: "https://10.0.0.1/" }).end();
    });
    await expect(ask("https://api.github.com/1")).rejects.toSatisfy((error: Error & { details: unknown }) => {
      return !`${error.message}${JSON.stringify(error.details)}`.includes("ghp_secret");
    });
  });
});

test("hosts that one request may go to are not open to another", async () => {
  lead();
  await expect(ask("https://api.github.com/1", { hosts: [] })).rejects.toMatchObject({
    code: "MIRROR_DESTINATION_FORBIDDEN",
  });
  expect(seen).toEqual([]);
});
