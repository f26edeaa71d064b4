import { createHash } from "node:crypto";
import { type FileHandle, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import type { ObjectContent, OpenContent } from "../../ports.ts";
import { type Folders, publishFile, writing } from "./store-files.ts";
import { type Draft, requireContent, takeContent } from "./take-content.ts";

/** A beginning that nobody went on with for so long is swept at the next start, in milliseconds. */
const KEPT_MS = 7 * 86_400_000;
const READ_BYTES = 1_048_576;
const NOTE_MAX_LENGTH = 512;
const PARTIAL = /^[0-9a-f]{64}\.(?:part|note)$/;
/** What the content itself is to blame for; anything else may go better the next time. */
const WRONG_CONTENT = ["ARTIFACT_SIZE_MISMATCH", "ARTIFACT_DIGEST_MISMATCH", "MIRROR_TOO_LARGE"];

/** Beginnings of contents, by digest: `<sha256>.part`, and `<sha256>.note` with the entity tag of what it is part of. */
export interface Partials {
  /** Runs the work when no other for the same digest is under way. */
  inTurn(sha256: string, work: () => Promise<void>): Promise<void>;
  /** Brings the rest and puts the whole in place; see `ObjectStore.putResumable`. */
  complete(target: string, content: ObjectContent, openContent: OpenContent): Promise<void>;
}

export function createPartials(folders: Folders): Partials {
  const turns = new Map<string, Promise<void>>();
  return {
    inTurn: async (sha256, work) => {
      const before = turns.get(sha256) ?? Promise.resolve();
      const turn = before.then(work, work);
      turns.set(sha256, turn);
      try {
        await turn;
      } finally {
        if (turns.get(sha256) === turn) turns.delete(sha256);
      }
    },
    complete: async (target, content, openContent) => {
      const paths = pathsOf(folders, content.sha256);
      const wasBegun = (await sizeOf(paths.part)) > 0;
      try {
        await bringRest(paths, content, openContent);
      } catch (error) {
        if (!isWrongContent(error)) throw error;
        await discard(paths);
        if (!wasBegun) throw error;
        // What was kept may be of another content than what came now.
        await bringRest(paths, content, openContent).catch(async (again: unknown) => {
          if (isWrongContent(again)) await discard(paths);
          throw again;
        });
      }
      await publishFile(paths.part, target, folders);
      await rm(paths.note, { force: true });
    },
  };
}

/** Removes what nobody will go on with. */
export async function sweepIncoming(folder: string): Promise<void> {
  const oldest = Date.now() - KEPT_MS;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const isKept = PARTIAL.test(name) && (await stat(path)).mtimeMs > oldest;
    if (!isKept) await rm(path, { recursive: true, force: true });
  }
}

interface Paths {
  readonly part: string;
  readonly note: string;
}

function pathsOf({ incoming }: Folders, sha256: string): Paths {
  return { part: join(incoming, `${sha256}.part`), note: join(incoming, `${sha256}.note`) };
}

async function bringRest(paths: Paths, content: ObjectContent, openContent: OpenContent): Promise<void> {
  const file = await writing(paths.part, () => openPartial(paths.part));
  try {
    const kept = await hashKept(file, content.sizeBytes);
    const draft = kept.bytes === content.sizeBytes ? kept : await receive(kept, paths, content, openContent);
    requireContent(draft, content);
    await writing(paths.part, () => file.sync());
  } finally {
    await file.close();
  }
}

async function receive(
  kept: Draft,
  paths: Paths,
  content: ObjectContent,
  openContent: OpenContent,
): Promise<Draft> {
  const from = kept.bytes === 0 ? null : { byte: kept.bytes, validator: await readNote(paths.note) };
  const opened = await openContent(from);
  try {
    const goesOn = opened.startsAt === kept.bytes;
    const draft = goesOn ? kept : { file: kept.file, hash: createHash("sha256"), bytes: 0 };
    await writing(paths.part, async () => {
      await kept.file.truncate(draft.bytes);
      await writeNote(paths.note, opened.validator);
    });
    content.onProgress?.(draft.bytes);
    return { ...draft, bytes: await takeContent(draft, content, opened.content) };
  } finally {
    await opened.close();
  }
}

/** What is there counts only by its bytes: they are all read again. */
async function hashKept(file: FileHandle, sizeBytes: number): Promise<Draft> {
  const { size } = await file.stat();
  if (size > sizeBytes) await file.truncate(0);
  const hash = createHash("sha256");
  const buffer = new Uint8Array(READ_BYTES);
  for (let bytes = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, READ_BYTES, bytes);
    if (bytesRead === 0) return { file, hash, bytes };
    hash.update(buffer.subarray(0, bytesRead));
    bytes += bytesRead;
  }
}

async function openPartial(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r+");
  } catch (error) {
    if (!isMissing(error)) throw error;
    return open(path, "wx+", 0o600);
  }
}

async function readNote(path: string): Promise<string | null> {
  try {
    const text = (await readFile(path, "utf8")).slice(0, NOTE_MAX_LENGTH);
    return text === "" ? null : text;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function writeNote(path: string, validator: string | null): Promise<void> {
  if (validator === null) await rm(path, { force: true });
  else await writeFile(path, validator, { mode: 0o600 });
}

async function discard({ part, note }: Paths): Promise<void> {
  await rm(part, { force: true });
  await rm(note, { force: true });
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

function isWrongContent(error: unknown): boolean {
  return error instanceof MusterError && WRONG_CONTENT.includes(error.code);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
