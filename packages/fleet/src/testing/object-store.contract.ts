import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { describe, expect, test, vi } from "vitest";
import type { ObjectContent, ObjectStore } from "../ports.ts";

const CONTENT = Buffer.from("a release, in a hundred pieces. ".repeat(4096));

/** What every object store promises. `open` gives a new, empty one. */
export function describeObjectStore(name: string, open: () => Promise<ObjectStore>): void {
  describe(name, () => {
    test("what was put comes back whole, and from any byte on", async () => {
      const store = await open();
      await store.put(contentOf(CONTENT), pieces(CONTENT));
      const whole = await store.open(digestOf(CONTENT), 0);
      expect(whole.size).toBe(CONTENT.length);
      expect(await buffer(whole.stream)).toEqual(CONTENT);
      const rest = await store.open(digestOf(CONTENT), 1000);
      expect(rest.size).toBe(CONTENT.length);
      expect(await buffer(rest.stream)).toEqual(CONTENT.subarray(1000));
      expect(await buffer((await store.open(digestOf(CONTENT), CONTENT.length)).stream)).toHaveLength(0);
    });

    test("nothing is there before it was put", async () => {
      const store = await open();
      expect(await store.has(digestOf(CONTENT))).toBe(false);
      await expect(store.open(digestOf(CONTENT), 0)).rejects.toMatchObject({ code: "OBJECT_NOT_FOUND" });
    });

    test.each(["../../etc/passwd", "", "A".repeat(64), `${"a".repeat(63)}/`])(
      "a name that is no digest is never found: %j",
      async (sha256) => {
        const store = await open();
        expect(await store.has(sha256)).toBe(false);
        await expect(store.open(sha256, 0)).rejects.toMatchObject({ code: "OBJECT_NOT_FOUND" });
      },
    );

    test("content of another digest is refused and leaves nothing", async () => {
      const store = await open();
      const wrong = Buffer.from(CONTENT);
      wrong[70_000] = 0;
      const put = store.put(contentOf(CONTENT), pieces(wrong));
      await expect(put).rejects.toMatchObject({
        code: "ARTIFACT_DIGEST_MISMATCH",
        details: { expected: digestOf(CONTENT), actual: digestOf(wrong) },
      });
      expect(await store.has(digestOf(CONTENT))).toBe(false);
      expect(await store.has(digestOf(wrong))).toBe(false);
    });

    test("content that ends too early is refused and leaves nothing", async () => {
      const store = await open();
      const put = store.put(contentOf(CONTENT), pieces(CONTENT.subarray(0, -1)));
      await expect(put).rejects.toMatchObject({ code: "ARTIFACT_SIZE_MISMATCH" });
      expect(await store.has(digestOf(CONTENT))).toBe(false);
    });

    test("content that does not end is cut off as soon as it is too large", async () => {
      const store = await open();
      let sent = 0;
      async function* endless() {
        for (;;) {
          sent += 1000;
          yield new Uint8Array(1000);
        }
      }
      const put = store.put({ sha256: digestOf(CONTENT), sizeBytes: 2500 }, endless());
      await expect(put).rejects.toMatchObject({ code: "MIRROR_TOO_LARGE" });
      expect(sent).toBe(3000);
      expect(await store.has(digestOf(CONTENT))).toBe(false);
    });

    test("a source that fails is reported as it failed and leaves nothing", async () => {
      const store = await open();
      const broken = new Error("the connection broke");
      async function* breaking() {
        yield CONTENT.subarray(0, 1000);
        throw broken;
      }
      await expect(store.put(contentOf(CONTENT), breaking())).rejects.toBe(broken);
      expect(await store.has(digestOf(CONTENT))).toBe(false);
      await store.put(contentOf(CONTENT), pieces(CONTENT));
      expect(await store.has(digestOf(CONTENT))).toBe(true);
    });

    test("the same content can be put again, and twice at once", async () => {
      const store = await open();
      await store.put(contentOf(CONTENT), pieces(CONTENT));
      await Promise.all([1, 2].map(() => store.put(contentOf(CONTENT), pieces(CONTENT))));
      expect(await buffer((await store.open(digestOf(CONTENT), 0)).stream)).toEqual(CONTENT);
    });

    test("a second put of an object with wrong content is refused and leaves the first", async () => {
      const store = await open();
      await store.put(contentOf(CONTENT), pieces(CONTENT));
      const put = store.put(contentOf(CONTENT), pieces(Buffer.alloc(CONTENT.length)));
      await expect(put).rejects.toMatchObject({ code: "ARTIFACT_DIGEST_MISMATCH" });
      expect(await buffer((await store.open(digestOf(CONTENT), 0)).stream)).toEqual(CONTENT);
    });

    test("progress ends with the whole size", async () => {
      const store = await open();
      const onProgress = vi.fn();
      await store.put({ ...contentOf(CONTENT), onProgress }, pieces(CONTENT));
      expect(onProgress).toHaveBeenLastCalledWith(CONTENT.length);
    });
  });
}

function contentOf(content: Buffer): ObjectContent {
  return { sha256: digestOf(content), sizeBytes: content.length };
}

function digestOf(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

async function* pieces(content: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += 10_000) yield content.subarray(at, at + 10_000);
}
