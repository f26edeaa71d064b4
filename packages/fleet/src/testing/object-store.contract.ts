import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { expect, vi } from "vitest";
import type { ObjectContent, ObjectStore } from "../ports.ts";

const CONTENT = Buffer.from("a release, in a hundred pieces. ".repeat(4096));
const DIGEST = digestOf(CONTENT);

/** What every object store promises: a sentence, and its check on a new, empty store. */
export const OBJECT_STORE_CONTRACT: Readonly<Record<string, (store: ObjectStore) => Promise<void>>> = {
  "what was put comes back whole, and from any byte on": async (store) => {
    await store.put(contentOf(CONTENT), pieces(CONTENT));
    const whole = await store.open(DIGEST, 0);
    expect(whole.size).toBe(CONTENT.length);
    expect(await buffer(whole.stream)).toEqual(CONTENT);
    const rest = await store.open(DIGEST, 1000);
    expect(rest.size).toBe(CONTENT.length);
    expect(await buffer(rest.stream)).toEqual(CONTENT.subarray(1000));
    expect(await buffer((await store.open(DIGEST, CONTENT.length)).stream)).toHaveLength(0);
  },

  "nothing is there before it was put": async (store) => {
    expect(await store.has(DIGEST)).toBe(false);
    await expect(store.open(DIGEST, 0)).rejects.toMatchObject({ code: "OBJECT_NOT_FOUND" });
  },

  "a name that is no digest is never found": async (store) => {
    for (const name of ["../../etc/passwd", "", "A".repeat(64), `${"a".repeat(63)}/`]) {
      expect(await store.has(name)).toBe(false);
      await expect(store.open(name, 0)).rejects.toMatchObject({ code: "OBJECT_NOT_FOUND" });
    }
  },

  "content of another digest is refused and leaves nothing": async (store) => {
    const wrong = Buffer.from(CONTENT);
    wrong[70_000] = 0;
    await expect(store.put(contentOf(CONTENT), pieces(wrong))).rejects.toMatchObject({
      code: "ARTIFACT_DIGEST_MISMATCH",
      details: { expected: DIGEST, actual: digestOf(wrong) },
    });
    expect(await store.has(DIGEST)).toBe(false);
    expect(await store.has(digestOf(wrong))).toBe(false);
  },

  "content that ends too early is refused and leaves nothing": async (store) => {
    const put = store.put(contentOf(CONTENT), pieces(CONTENT.subarray(0, -1)));
    await expect(put).rejects.toMatchObject({ code: "ARTIFACT_SIZE_MISMATCH" });
    expect(await store.has(DIGEST)).toBe(false);
  },

  "content that does not end is cut off as soon as it is too large": async (store) => {
    let sent = 0;
    async function* endless() {
      for (;;) {
        sent += 1000;
        yield new Uint8Array(1000);
      }
    }
    const put = store.put({ sha256: DIGEST, sizeBytes: 2500 }, endless());
    await expect(put).rejects.toMatchObject({ code: "MIRROR_TOO_LARGE" });
    expect(sent).toBe(3000);
    expect(await store.has(DIGEST)).toBe(false);
  },

  "a source that fails is reported as it failed, and the content can be put afterwards": async (store) => {
    const broken = new Error("the connection broke");
    async function* breaking() {
      yield CONTENT.subarray(0, 1000);
      throw broken;
    }
    await expect(store.put(contentOf(CONTENT), breaking())).rejects.toBe(broken);
    expect(await store.has(DIGEST)).toBe(false);
    await store.put(contentOf(CONTENT), pieces(CONTENT));
    expect(await store.has(DIGEST)).toBe(true);
  },

  "the same content can be put again, and twice at once": async (store) => {
    await store.put(contentOf(CONTENT), pieces(CONTENT));
    await Promise.all([1, 2].map(() => store.put(contentOf(CONTENT), pieces(CONTENT))));
    expect(await buffer((await store.open(DIGEST, 0)).stream)).toEqual(CONTENT);
  },

  "a second put of an object with wrong content is refused and leaves the first": async (store) => {
    await store.put(contentOf(CONTENT), pieces(CONTENT));
    const put = store.put(contentOf(CONTENT), pieces(Buffer.alloc(CONTENT.length)));
    await expect(put).rejects.toMatchObject({ code: "ARTIFACT_DIGEST_MISMATCH" });
    expect(await buffer((await store.open(DIGEST, 0)).stream)).toEqual(CONTENT);
  },

  "progress ends with the whole size": async (store) => {
    const onProgress = vi.fn<(storedBytes: number) => void>();
    await store.put({ ...contentOf(CONTENT), onProgress }, pieces(CONTENT));
    expect(onProgress).toHaveBeenLastCalledWith(CONTENT.length);
  },
};

function contentOf(content: Buffer): ObjectContent {
  return { sha256: digestOf(content), sizeBytes: content.length };
}

function digestOf(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

async function* pieces(content: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += 10_000) yield content.subarray(at, at + 10_000);
}
