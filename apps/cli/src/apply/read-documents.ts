import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import { type AppliedDocument, DOCUMENT_KINDS, documentSchemas } from "@muster/protocol/http";
import { reading, readSmallFile, statFile } from "../files.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { parseDocuments, type RawDocument, TEXT_MAX_BYTES } from "./parse-yaml.ts";

/** A document that may be applied, and where it stands. */
export interface FoundDocument {
  readonly file: string;
  readonly document: number;
  readonly content: AppliedDocument;
}

const FILES_MAX = 500;
const DOCUMENTS_MAX = 1000;

/**
 * Every document of a file, of a folder's `.yaml`, `.yml` and `.json` files in the order of their names, or of standard
 * input (`-`), in the order in which they are to be applied. Throws `DOCUMENT_INVALID`, `FILE_NOT_READABLE`.
 */
export async function readDocuments(
  places: readonly string[],
  terminal: Pick<Terminal, "readInput">,
): Promise<FoundDocument[]> {
  const raw: RawDocument[] = [];
  for (const place of places) {
    for (const file of await filesOf(place))
      raw.push(...parseDocuments(file, await readText(file, terminal)));
  }
  const problem = raw.length === 0 ? "holds no document" : `there are over ${DOCUMENTS_MAX} documents`;
  if (raw.length === 0 || raw.length > DOCUMENTS_MAX) {
    throw new MusterError("DOCUMENT_INVALID", { file: places.join(", "), problem });
  }
  const found = raw.map(checkDocument);
  requireUniqueNames(found);
  const order = ({ content }: FoundDocument) => DOCUMENT_KINDS.indexOf(content.kind);
  return found.toSorted((a, b) => order(a) - order(b));
}

async function filesOf(place: string): Promise<readonly string[]> {
  if (place === "-" || !(await statFile(place)).isFolder) return [place];
  const names = await reading(place, () => readdir(place));
  const files = names.filter((name) => /\.(?:ya?ml|json)$/.test(name)).toSorted();
  if (files.length > FILES_MAX) {
    throw new MusterError("DOCUMENT_INVALID", { file: place, problem: `has over ${FILES_MAX} files` });
  }
  return files.map((name) => join(place, name));
}

async function readText(file: string, terminal: Pick<Terminal, "readInput">): Promise<string> {
  if (file === "-") return terminal.readInput();
  const bytes = await readSmallFile(file, TEXT_MAX_BYTES);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new MusterError("DOCUMENT_INVALID", { file, problem: "is not UTF-8" }, { cause });
  }
}

function checkDocument({ value, ...place }: RawDocument): FoundDocument {
  const refuse = (field: string, problem: string) =>
    new MusterError("DOCUMENT_INVALID", { ...place, field, problem });
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse("(document)", "must be an object with apiVersion, kind, metadata and spec");
  }
  const kind = DOCUMENT_KINDS.find((known) => "kind" in value && value.kind === known);
  if (kind === undefined) throw refuse("kind", `must be one of ${DOCUMENT_KINDS.join(", ")}`);
  const read = documentSchemas[kind].safeParse(value);
  if (read.success) return { ...place, content: read.data };
  const [issue] = read.error.issues;
  const isUnknown = issue?.code === "unrecognized_keys";
  const path = [...(issue?.path ?? []), ...(isUnknown ? issue.keys.slice(0, 1) : [])];
  throw refuse(
    path.map(String).join("."),
    isUnknown ? "is not a known field" : (issue?.message ?? "is not valid"),
  );
}

/** Two documents about the same thing would undo each other. */
function requireUniqueNames(found: readonly FoundDocument[]): void {
  const seen = new Map<string, FoundDocument>();
  for (const one of found) {
    const key = `${one.content.kind}/${one.content.metadata.name}`;
    const first = seen.get(key);
    if (first) {
      const { file, document } = one;
      const problem = `is there twice: ${key} is also document ${first.document} of ${first.file}`;
      throw new MusterError("DOCUMENT_INVALID", { file, document, field: "metadata.name", problem });
    }
    seen.set(key, one);
  }
}
