import { createHash } from "node:crypto";
import { expect, vi } from "vitest";
import type { ObjectContent, ObjectStore, OpenContent, ResumePoint } from "../ports.ts";
import { arriving } from "./arriving.ts";

const CONTENT = Buffer.from("a release, in a hundred pieces. ".repeat(4096));
const DIGEST = digestOf(CONTENT);

/** What every object store promises: a sentence, and its check on a new, empty store. */
export const OBJECT_STORE_CONTRACT: Readonly<Record<string, (store: ObjectStore) => Promise<void>>> = {
  "what was put comes back whole, and from any byte on": async (store) => {
    await store.put(contentOf(CONTENT), pieces(CONTENT));
    const whole = await store.open(DIGEST, 0);
    expect(whole.size).toBe(CONTENT.length);
    expect(await read(whole)).toEqual(CONTENT);
    const rest = await store.open(DIGEST, 1000);
    expect(rest.size).toBe(CONTENT.length);
    expect(await read(rest)).toEqual(CONTENT.subarray(1000));
    expect(await read(await store.open(DIGEST, CONTENT.length))).toHaveLength(0);
  },

  "two who read at once, and one who stops early, get their own content": async (store) => {
    await store.put(contentOf(CONTENT), pieces(CONTENT));
    const other = Buffer.from(CONTENT.toReversed());
    await store.put(contentOf(other), pieces(other));
    for await (const piece of (await store.open(DIGEST, 0)).content) {
      expect(Buffer.from(piece)).toEqual(CONTENT.subarray(0, piece.byteLength));
      break;
    }
    const opened = [await store.open(DIGEST, 0), await store.open(digestOf(other), 0)] as const;
    expect(await Promise.all(opened.map(read))).toEqual([CONTENT, other]);
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
    expect(await read(await store.open(DIGEST, 0))).toEqual(CONTENT);
  },

  "a second put of an object with wrong content is refused and leaves the first": async (store) => {
    await store.put(contentOf(CONTENT), pieces(CONTENT));
    const put = store.put(contentOf(CONTENT), pieces(Buffer.alloc(CONTENT.length)));
    await expect(put).rejects.toMatchObject({ code: "ARTIFACT_DIGEST_MISMATCH" });
    expect(await read(await store.open(DIGEST, 0))).toEqual(CONTENT);
  },

  "a content that broke off is gone on with from the byte it has come to": async (store) => {
    await expect(store.putResumable(contentOf(CONTENT), breaksAfter(30_000))).rejects.toThrow("broke");
    expect(await store.has(DIGEST)).toBe(false);
    const asked: (ResumePoint | null)[] = [];
    const onProgress = vi.fn<(storedBytes: number) => void>();
    await store.putResumable({ ...contentOf(CONTENT), onProgress }, async (from) => {
      asked.push(from);
      return arriving(pieces(CONTENT.subarray(from?.byte)), { startsAt: from?.byte ?? 0 });
    });
    expect(asked).toEqual([{ byte: 30_000, validator: '"v1"' }]);
    expect(onProgress).toHaveBeenLastCalledWith(CONTENT.length);
    expect(await read(await store.open(DIGEST, 0))).toEqual(CONTENT);
  },

  "a source that can only begin anew may": async (store) => {
    await expect(store.putResumable(contentOf(CONTENT), breaksAfter(30_000))).rejects.toThrow("broke");
    await store.putResumable(contentOf(CONTENT), async () => arriving(pieces(CONTENT)));
    expect(await read(await store.open(DIGEST, 0))).toEqual(CONTENT);
  },

  "a beginning that belongs to another content costs one more attempt, from the first byte": async (
    store,
  ) => {
    const wrong = Buffer.alloc(CONTENT.length);
    await expect(store.putResumable(contentOf(CONTENT), breaksAfter(30_000, wrong))).rejects.toThrow("broke");
    const asked: (number | undefined)[] = [];
    await store.putResumable(contentOf(CONTENT), async (from) => {
      asked.push(from?.byte);
      return arriving(pieces(CONTENT.subarray(from?.byte)), { startsAt: from?.byte ?? 0 });
    });
    expect(asked).toEqual([30_000, undefined]);
    expect(await read(await store.open(DIGEST, 0))).toEqual(CONTENT);
  },

  "wrong content is refused and not kept as a beginning": async (store) => {
    const wrong = Buffer.alloc(CONTENT.length);
    for (const [content, code] of [
      [wrong, "ARTIFACT_DIGEST_MISMATCH"],
      [wrong.subarray(1), "ARTIFACT_SIZE_MISMATCH"],
      [Buffer.alloc(CONTENT.length + 1), "MIRROR_TOO_LARGE"],
    ] as const) {
      const asked: (ResumePoint | null)[] = [];
      const put = store.putResumable(contentOf(CONTENT), async (from) => {
        asked.push(from);
        return arriving(pieces(content));
      });
      await expect(put).rejects.toMatchObject({ code });
      expect(asked).toEqual([null]);
    }
    expect(await store.has(DIGEST)).toBe(false);
  },

  "two that bring the same content take turns, and the second has nothing to do": async (store) => {
    let opened = 0;
    const open = async () => {
      opened += 1;
      return arriving(pieces(CONTENT));
    };
    await Promise.all([1, 2].map(() => store.putResumable(contentOf(CONTENT), open)));
    expect(opened).toBe(1);
    expect(await store.has(DIGEST)).toBe(true);
  },

  "what is opened is closed, however it ends": async (store) => {
    const close = vi.fn<() => Promise<void>>(async () => {});
    const put = (content: Buffer) =>
      store.putResumable(contentOf(CONTENT), async () => arriving(pieces(content), { close }));
    await expect(put(Buffer.alloc(CONTENT.length))).rejects.toBeInstanceOf(Error);
    await put(CONTENT);
    expect(close).toHaveBeenCalledTimes(2);
  },

  "progress ends with the whole size": async (store) => {
    const onProgress = vi.fn<(storedBytes: number) => void>();
    await store.put({ ...contentOf(CONTENT), onProgress }, pieces(CONTENT));
    expect(onProgress).toHaveBeenLastCalledWith(CONTENT.length);
  },
};

/** All of it; a piece is copied before the next is asked for. */
async function read({ content }: Awaited<ReturnType<ObjectStore["open"]>>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of content) copies.push(Buffer.from(piece));
  return Buffer.concat(copies);
}

/** A source that breaks in the middle. */
function breaksAfter(byte: number, content = CONTENT): OpenContent {
  async function* breaking() {
    yield* pieces(content.subarray(0, byte));
    throw new Error("the connection broke");
  }
  return async () => arriving(breaking(), { validator: '"v1"' });
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
