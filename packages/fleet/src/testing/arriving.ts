import type { OpenedContent } from "../ports.ts";

/** Content as a fetcher opens it, from these pieces. */
export function arriving(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  opened: Partial<OpenedContent> = {},
): OpenedContent {
  async function* content() {
    yield* pieces;
  }
  return { startsAt: 0, validator: null, content: content(), close: async () => {}, ...opened };
}

/** All of an opened content, which is closed then. */
export async function readWhole(opening: Promise<OpenedContent>): Promise<Buffer> {
  const opened = await opening;
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of opened.content) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    await opened.close();
  }
}
