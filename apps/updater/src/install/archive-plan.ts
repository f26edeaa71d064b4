import { MusterError, parse, safePathDecoder, type Artifact, type ManifestFile } from "@muster/core";
import { foldersOf } from "../fs/folders-of.ts";

/** What the header of an archive's entry says. */
export interface EntryHeader {
  readonly name: string;
  readonly type: string | null;
  readonly size: number;
  /** Names of its extended header's records (POSIX.1-2001 pax), if it has one. */
  readonly paxKeys: readonly string[];
}

/** Room for what a tar needs around an entry: its header, extended headers, a long name, padding. */
const ENTRY_OVERHEAD_BYTES = 8192;
const ARCHIVE_OVERHEAD_BYTES = 1024 * 1024;
const BLOCK_BYTES = 512;

/**
 * Holds the entries of an archive against the manifest, one after the other: each must be a plain file that the manifest
 * lists, of the listed size, or a folder that such a file is in, and none may come twice. So nothing is ever made that
 * the signed manifest does not name, whatever the archive asks for.
 */
export class ArchivePlan {
  /** Folders the files are in, each after the one it is in. */
  readonly folders: readonly string[];
  /** The decompressed archive cannot be larger than this. */
  readonly maxBytes: number;
  readonly #files: ReadonlyMap<string, ManifestFile>;
  readonly #folders: ReadonlySet<string>;
  readonly #seen = new Set<string>();

  constructor({ files }: Pick<Artifact, "files">) {
    this.#files = new Map(files.map((file) => [file.path, file]));
    this.folders = foldersOf(files.map(({ path }) => path));
    this.#folders = new Set(this.folders);
    const contents = files.reduce((sum, { size }) => sum + size + BLOCK_BYTES, 0);
    const entries = files.length + this.folders.length;
    this.maxBytes = contents + entries * ENTRY_OVERHEAD_BYTES + ARCHIVE_OVERHEAD_BYTES;
  }

  /** The file an entry is, or null for a folder. Throws `ARCHIVE_ENTRY_FORBIDDEN`, `ARCHIVE_TREE_MISMATCH`. */
  admit(header: EntryHeader): ManifestFile | null {
    const isFolder = header.type === "directory";
    if (header.type !== "file" && !isFolder)
      throw forbidden(header, `is a ${header.type ?? "thing of unknown type"}`);
    if (header.paxKeys.some((key) => key.startsWith("GNU.sparse."))) {
      throw forbidden(header, "is sparse");
    }
    const path = this.#pathOf(header, isFolder);
    if (this.#seen.has(path)) throw forbidden(header, "comes twice");
    this.#seen.add(path);
    return isFolder ? this.#folder(header, path) : this.#file(header, path);
  }

  /** Throws `ARCHIVE_TREE_MISMATCH` unless every file has come. */
  finish(): void {
    const missing = [...this.#files.keys()].find((path) => !this.#seen.has(path));
    if (missing !== undefined)
      throw new MusterError("ARCHIVE_TREE_MISMATCH", { path: missing, problem: "is missing" });
  }

  #pathOf(header: EntryHeader, isFolder: boolean): string {
    // `tar -C tree .` writes `./` before every name, and `/` after a folder's.
    const relative = header.name.startsWith("./") ? header.name.slice(2) : header.name;
    const path = isFolder && relative.endsWith("/") ? relative.slice(0, -1) : relative;
    if (isFolder && (path === "." || (path === "" && header.name !== ""))) return "";
    try {
      return parse.decode(safePathDecoder, path, "ARCHIVE_ENTRY_FORBIDDEN");
    } catch (cause) {
      throw forbidden(header, "has a path that may lead elsewhere", cause);
    }
  }

  #folder(header: EntryHeader, path: string): null {
    if (header.size !== 0) throw forbidden(header, "is a folder with content");
    if (path !== "" && !this.#folders.has(path)) throw unlisted(header);
    return null;
  }

  #file(header: EntryHeader, path: string): ManifestFile {
    const file = this.#files.get(path);
    if (file === undefined) throw unlisted(header);
    if (file.size !== header.size) {
      throw new MusterError("ARCHIVE_TREE_MISMATCH", {
        path,
        problem: `has ${header.size} bytes, not ${file.size}`,
      });
    }
    return file;
  }
}

function unlisted({ name }: EntryHeader): MusterError {
  return new MusterError("ARCHIVE_TREE_MISMATCH", { path: shown(name), problem: "is not in the manifest" });
}

function forbidden({ name }: EntryHeader, problem: string, cause?: unknown): MusterError {
  return new MusterError("ARCHIVE_ENTRY_FORBIDDEN", { path: shown(name), problem }, { cause });
}

/** A hostile name may hold anything; it ends up in logs. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}
