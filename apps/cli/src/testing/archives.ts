import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";

/** One entry of a test's archive. */
export interface TestEntry {
  readonly name: string;
  readonly content?: string;
  readonly type?: "file" | "directory" | "symlink" | "link" | "fifo" | "character-device";
  readonly mode?: number;
  readonly linkname?: string;
  readonly pax?: Readonly<Record<string, string>>;
}

/** An agent that only says its version. */
export const GOOD_TREE: readonly TestEntry[] = [
  { name: "bin/agent", content: "#!/bin/sh\necho 1.0.0\n", mode: 0o755 },
  { name: "share/notes.txt", content: "hello" },
];

/** A tar.gz of the entries. */
export async function archiveOf(entries: readonly TestEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content = "", type = "file", mode = 0o644, ...entry } of entries) {
    tar.entry({ ...entry, type, mode, mtime: new Date(0) }, content);
  }
  tar.finalize();
  return gzipSync(await buffer(tar));
}
