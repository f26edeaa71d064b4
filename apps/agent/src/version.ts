import { readFileSync } from "node:fs";
import { env } from "node:process";
import { fileURLToPath } from "node:url";

/** What a program that was never packed says it is. */
const UNPACKED = "0.0.0";

/**
 * The version that runs: what the file `VERSION` beside the program says, so that releases differ without being built
 * anew. Without that file, what the package's launcher says it started.
 */
export function ownVersion(): string {
  try {
    return readFileSync(fileURLToPath(new URL("VERSION", import.meta.url)), "utf8").trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return env["MUSTER_VERSION"] ?? UNPACKED;
    throw error;
  }
}
