import { MusterError } from "@muster/core";
import { type Document, isScalar, parseAllDocuments, visit } from "yaml";

export const TEXT_MAX_BYTES = 1_048_576;
/** How often anchors may be repeated: more is a bomb, or was made by nobody. */
const ALIASES_MAX = 100;

const DEPTH_MAX = 200;
const MANY_DASHES = /(?:[-?:][ \t]+){200}/;

/** One document of a text, as it was found. */
export interface RawDocument {
  readonly file: string;
  /** 1, 2, 3 … in its file. */
  readonly document: number;
  readonly value: unknown;
}

/** The documents of a text in YAML 1.2, of which JSON is a part. Empty ones do not count. Throws `DOCUMENT_INVALID`. */
export function parseDocuments(file: string, text: string): RawDocument[] {
  if (Buffer.byteLength(text) > TEXT_MAX_BYTES) {
    throw new MusterError("DOCUMENT_INVALID", { file, problem: `is over ${TEXT_MAX_BYTES} bytes` });
  }
  if (isTooDeep(text)) throw new MusterError("DOCUMENT_INVALID", { file, problem: "is nested too deeply" });
  return readAll(file, text).flatMap((found, index) => {
    const document = index + 1;
    const [problem] = [...found.errors, ...found.warnings];
    if (problem) throw unreadable({ file, document, line: lineAt(text, problem.pos[0]) }, problem);
    requireUniqueKeys(found, { file, document });
    const value = toValue(found, { file, document });
    return value === null || value === undefined ? [] : [{ file, document, value }];
  });
}

/** Brackets that are open at once, wherever they stand, and dashes in a row: a parser takes the square of either. */
function isTooDeep(text: string): boolean {
  if (MANY_DASHES.test(text)) return true;
  let depth = 0;
  for (const character of text) {
    if (character === "[" || character === "{") depth += 1;
    if (character === "]" || character === "}") depth -= 1;
    if (depth > DEPTH_MAX) return true;
  }
  return false;
}

interface Place extends Pick<RawDocument, "file" | "document"> {
  readonly line?: number;
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}

function readAll(file: string, text: string): Document[] {
  try {
    // Its own search for keys that are there twice takes the square of their number, as do its explanations of errors.
    const found = parseAllDocuments(text, {
      version: "1.2",
      schema: "core",
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "silent",
    });
    return "empty" in found ? [] : found;
  } catch (error) {
    throw unreadable({ file, document: 1 }, error);
  }
}

function toValue(found: Document, place: Place): unknown {
  try {
    return found.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    throw unreadable(place, error);
  }
}

function requireUniqueKeys(found: Document, place: Place): void {
  visit(found, {
    Map: (_, { items }) => {
      const keys = new Set<unknown>();
      for (const { key } of items) {
        const name = isScalar(key) ? String(key.value) : key;
        if (keys.has(name))
          throw new MusterError("DOCUMENT_INVALID", {
            ...place,
            field: String(name),
            problem: "is there twice",
          });
        keys.add(name);
      }
    },
  });
}

function unreadable(place: Place, error: unknown): MusterError {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return new MusterError("DOCUMENT_INVALID", { ...place, problem: line.replace(/:$/, "") }, { cause: error });
}
