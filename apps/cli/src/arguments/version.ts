import { isVersion, nameDecoder, parse } from "@muster/core";
import { usage } from "./usage.ts";

export function parseVersionArgument(text: string): string {
  if (!isVersion(text)) throw usage("Write the version like 1.2.3, without a v.");
  return text;
}

/** The name of a product or of a channel. */
export function parseName(text: string): string {
  return parse.decode(nameDecoder, text, "USAGE_INVALID");
}
