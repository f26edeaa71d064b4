import { open } from "node:fs/promises";
import { MusterError } from "@muster/core";
import type { Terminal } from "../terminal/terminal.ts";

/** Writes a body as it comes to a new file, or to standard output; says how many bytes. */
export async function exportTo(
  terminal: Terminal,
  body: ReadableStream<Uint8Array> | null,
  path: string | undefined,
): Promise<number> {
  if (path === undefined) return copy(body, textWriter(terminal));
  // Who did what is for its owner only, and an older export is not lost.
  const file = await open(path, "wx", 0o600).catch((cause: Error) => {
    throw new MusterError("FILE_NOT_WRITABLE", { path, problem: cause.message }, { cause });
  });
  try {
    const bytes = await copy(body, async (chunk) => void (await file.write(chunk)));
    await file.sync();
    return bytes;
  } finally {
    await file.close();
  }
}

function textWriter({ stdout }: Terminal): (chunk: Uint8Array) => Promise<void> {
  const decoder = new TextDecoder();
  return async (chunk) => stdout.write(decoder.decode(chunk, { stream: true }));
}

async function copy(
  body: ReadableStream<Uint8Array> | null,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<number> {
  let bytes = 0;
  try {
    for await (const chunk of body ?? []) {
      bytes += chunk.byteLength;
      await write(chunk);
    }
  } catch (cause) {
    if (cause instanceof MusterError) throw cause;
    throw new MusterError("SERVER_UNREACHABLE", { problem: "the export was cut off" }, { cause });
  }
  return bytes;
}
