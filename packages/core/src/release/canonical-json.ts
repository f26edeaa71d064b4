import { MusterError } from "../errors.ts";

/**
 * The canonical form of a JSON value (RFC 8785): no spaces, members sorted by UTF-16 code units, numbers and strings
 * as ECMAScript writes them. Throws `MANIFEST_INVALID` for what JSON cannot carry (RFC 8785 §3.2.2, RFC 7493 §2.1).
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw unfit("a number that is not finite");
    return JSON.stringify(value);
  }
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw unfit("a string with a lone surrogate");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      // RFC 8785 §3.2.3: the default comparison of strings is by UTF-16 code units.
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => `${canonicalJson(name)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  throw unfit(`a ${typeof value}`);
}

function unfit(what: string): MusterError {
  return new MusterError("MANIFEST_INVALID", { field: "(root)", problem: `holds ${what}` });
}
