import { labelKeyDecoder, labelValueDecoder, parse } from "@muster/core";
import { usage } from "./usage.ts";

/** `key=value`. */
export function parseLabel(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw usage("Write it as key=value.");
  const key = parse.decode(labelKeyDecoder, text.slice(0, at), "USAGE_INVALID");
  return [key, parse.decode(labelValueDecoder, text.slice(at + 1), "USAGE_INVALID")];
}

/** A comma-separated list without empty parts. */
export function parseList(text: string): readonly string[] {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.includes("")) throw usage("Separate them with single commas.");
  return parts;
}
