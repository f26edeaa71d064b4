import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ResumePoint } from "../../ports.ts";
import { readWhole } from "../../testing/arriving.ts";
import { type HttpsOrigin, startHttpsOrigin } from "../../testing/https-origin.ts";
import { testNetwork } from "../../testing/test-network.ts";
import { createGuard, createGuardedFetcher } from "./guarded-fetcher.ts";

const CONTENT = Buffer.from("0123456789");
const ETAG = '"v1"';
let origin: HttpsOrigin;

beforeAll(async () => {
  origin = await startHttpsOrigin(["archives.test"]);
});
afterAll(() => origin.close());
afterEach(() => origin.answer((_request, response) => response.writeHead(404).end()));

function begin(from: ResumePoint | null) {
  const fetcher = createGuardedFetcher(createGuard(testNetwork(origin), ["archives.test"]));
  const location = { url: "https://archives.test/a.tar.gz" };
  return fetcher.fetch({ location, from, maxBytes: 10, signal: new AbortController().signal });
}

/** A host that knows ranges and entity tags (RFC 9110 §13.1.5, §14). */
function serveRanges(etag: string): void {
  origin.answer(({ headers }, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? Number.NaN);
    const isSame = headers["if-range"] === undefined || headers["if-range"] === etag;
    if (Number.isNaN(from) || !isSame) return response.writeHead(200, { etag }).end(CONTENT);
    if (from >= CONTENT.length) return response.writeHead(416).end();
    const range = `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}`;
    return response.writeHead(206, { etag, "content-range": range }).end(CONTENT.subarray(from));
  });
}

describe("a fetch that goes on", () => {
  test("brings the rest of the same content, and says where it begins and how it is called", async () => {
    serveRanges(ETAG);
    const opened = begin({ byte: 4, validator: ETAG });
    expect(await opened).toMatchObject({ startsAt: 4, validator: ETAG });
    expect((await readWhole(opened)).toString()).toBe("456789");
  });

  test("brings all of it when the content is another by now", async () => {
    serveRanges('"v2"');
    const opened = begin({ byte: 4, validator: ETAG });
    expect(await opened).toMatchObject({ startsAt: 0, validator: '"v2"' });
    expect(await readWhole(opened)).toEqual(CONTENT);
  });

  test("brings all of it when the host knows no ranges", async () => {
    origin.answer((_request, response) => response.end(CONTENT));
    const opened = begin({ byte: 4, validator: null });
    expect(await opened).toMatchObject({ startsAt: 0, validator: null });
    expect(await readWhole(opened)).toEqual(CONTENT);
  });

  test("brings all of it when there is no such rest", async () => {
    serveRanges(ETAG);
    const opened = begin({ byte: 10, validator: ETAG });
    expect(await opened).toMatchObject({ startsAt: 0 });
    expect(await readWhole(opened)).toEqual(CONTENT);
  });

  test("asks without a condition when the host gave no name to the content", async () => {
    let asked: unknown;
    origin.answer(({ headers }, response) => {
      asked = headers;
      response.writeHead(206, { "content-range": "bytes 4-9/10" }).end("456789");
    });
    expect((await readWhole(begin({ byte: 4, validator: null }))).toString()).toBe("456789");
    expect(asked).toMatchObject({ range: "bytes=4-" });
    expect(asked).not.toHaveProperty("if-range");
  });

  test.each(["bytes 3-9/10", "bytes 0-9/10", "bytes 5-9/10", "bytes */10", "items 4-9/10", ""])(
    "is refused when another part comes: %j",
    async (range) => {
      origin.answer((_request, response) => {
        response.writeHead(206, { "content-range": range }).end("456789");
      });
      await expect(begin({ byte: 4, validator: ETAG })).rejects.toMatchObject({
        code: "MIRROR_FETCH_FAILED",
        details: { status: 206 },
      });
    },
  );

  test.each(['W/"v1"', "v1", '"v"1"', ""])("does not believe the entity tag %j", async (etag) => {
    origin.answer((_request, response) => response.writeHead(200, { etag }).end(CONTENT));
    const opened = begin(null);
    expect((await opened).validator).toBeNull();
    await readWhole(opened);
  });

  test("says how long a host asks to be left alone", async () => {
    origin.answer((_request, response) => response.writeHead(503, { "retry-after": "7" }).end());
    await expect(begin(null)).rejects.toMatchObject({ details: { status: 503, retryAfterMs: 7000 } });
  });
});
