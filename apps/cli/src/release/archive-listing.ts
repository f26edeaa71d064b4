import { MusterError, parse, safePathDecoder, type ManifestFile } from "@muster/core";
import type { Header } from "tar-stream";

/** What an entry's header says, as far as it matters. */
export type EntryHeader = Pick<Header, "name" | "mode"> & {
  readonly type: string | null;
  readonly pax?: unknown;
};

/** Most entries, folders counted too. */
const ENTRIES_MAX = 40_000;

/**
 * Gathers an archive's entries and refuses what a host would refuse: all but plain files and the folders they are in,
 * each once, with a path that stays inside.
 */
export class ArchiveListing {
  readonly #files: ManifestFile[] = [];
  readonly #folders = new Set<string>();
  readonly #seen = new Set<string>();

  /** The path and mode of a file's entry, or null for a folder's. Throws `ARCHIVE_ENTRY_FORBIDDEN`, `ARCHIVE_TOO_LARGE`. */
  admit(header: EntryHeader): Pick<ManifestFile, "path" | "mode"> | null {
    const { name, mode, type } = header;
    const isFolder = type === "directory";
    if (type !== "file" && !isFolder) throw forbidden(name, `is a ${type ?? "thing of unknown type"}`);
    if (isSparse(header)) throw forbidden(name, "is sparse");
    const path = pathOf(name, isFolder);
    if (this.#seen.has(path)) throw forbidden(name, "comes twice");
    this.#seen.add(path);
    if (this.#seen.size > ENTRIES_MAX)
      throw new MusterError("ARCHIVE_TOO_LARGE", { entriesAtMost: ENTRIES_MAX });
    if (isFolder) {
      if (path !== "") this.#folders.add(path);
      return null;
    }
    if (mode & 0o7000) throw forbidden(name, "has a set-uid, set-gid or sticky bit, which hosts do not keep");
    return { path, mode: mode & 0o111 ? "0755" : "0644" };
  }

  add(file: ManifestFile): void {
    this.#files.push(file);
  }

  /** The files, sorted by path. Throws `ARCHIVE_INVALID`, `ARCHIVE_ENTRY_FORBIDDEN`. */
  finish(): readonly ManifestFile[] {
    if (this.#files.length === 0) throw new MusterError("ARCHIVE_INVALID", { problem: "it holds no files" });
    const parents = new Set(this.#files.flatMap(({ path }) => parentsOf(path)));
    // A manifest lists files only, so a host would know nothing of such a folder.
    const empty = [...this.#folders].find((folder) => !parents.has(folder));
    if (empty !== undefined) throw forbidden(empty, "is a folder without files, which hosts do not make");
    return this.#files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }
}

/** `tar -C folder .` writes `./` before every name, and `/` after a folder's. The root itself is the empty path. */
function pathOf(name: string, isFolder: boolean): string {
  const relative = name.startsWith("./") ? name.slice(2) : name;
  const path = isFolder && relative.endsWith("/") ? relative.slice(0, -1) : relative;
  if (isFolder && (path === "." || (path === "" && name !== ""))) return "";
  try {
    return parse.decode(safePathDecoder, path, "ARCHIVE_ENTRY_FORBIDDEN");
  } catch (cause) {
    throw forbidden(name, "has a path that may lead elsewhere", cause);
  }
}

function parentsOf(path: string): readonly string[] {
  const segments = path.split("/").slice(0, -1);
  return segments.map((_, index) => segments.slice(0, index + 1).join("/"));
}

function isSparse({ pax }: EntryHeader): boolean {
  return Object.keys(pax ?? {}).some((key) => key.startsWith("GNU.sparse."));
}

function forbidden(name: string, problem: string, cause?: unknown): MusterError {
  return new MusterError("ARCHIVE_ENTRY_FORBIDDEN", { entry: name.slice(0, 256), problem }, { cause });
}
