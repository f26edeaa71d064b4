import { MusterError } from "../errors.ts";

/** Deeper than anything we sign; a guard of the stack against hostile nesting. */
const DEPTH_MAX = 100;

/**
 * The canonical form of a JSON value (RFC 8785): no spaces, members sorted by UTF-16 code units, numbers and strings
 * as ECMAScript writes them. A member that is undefined is left out. Throws `MANIFEST_INVALID` for what JSON cannot carry
 * (RFC 8785 §3.2.2, RFC 7493 §2.1), and beyond 100 levels.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw unfit("a number that is not finite");
    return JSON.stringify(value);
  }
  if (typeof value === "string") return writeString(value);
  if (typeof value !== "object") throw unfit(`a value of type ${typeof value}`);
  if (depth === DEPTH_MAX) throw unfit(`more than ${DEPTH_MAX} levels`);
  if (Array.isArray(value)) return writeArray(value, depth);
  return writeObject(value, depth);
}

function writeString(value: string): string {
  if (!value.isWellFormed()) throw unfit("a string with a lone surrogate");
  return JSON.stringify(value);
}

function writeArray(value: readonly unknown[], depth: number): string {
  // Unlike `map`, `from` does not skip the holes of a sparse array.
  return `[${Array.from(value, (entry) => write(entry, depth + 1)).join(",")}]`;
}

function writeObject(value: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw unfit("an object of a class");
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    // RFC 8785 §3.2.3: the default comparison of strings is by UTF-16 code units.
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${writeString(name)}:${write(member, depth + 1)}`);
  return `{${members.join(",")}}`;
}

function unfit(what: string): MusterError {
  return new MusterError("MANIFEST_INVALID", { field: "(root)", problem: `holds ${what}` });
}
