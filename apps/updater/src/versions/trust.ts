import { MusterError } from "@muster/core";
import { parseTrustAnchor, type TrustAnchor } from "@muster/trust";
import { readSmallFile } from "../fs/reading.ts";
import type { Host } from "../ports.ts";

/** The one place trust comes from: a file beside the running program, owned by the package. */
const ANCHOR_FILE = "trust-anchor.json";
const ANCHOR_MAX_BYTES = 65_536;

/** The package's trust anchor; `TRUST_ANCHOR_INVALID` if it is missing or damaged. */
export function readTrustAnchor({ packageFolder }: Pick<Host, "packageFolder">): TrustAnchor {
  const path = `${packageFolder}/${ANCHOR_FILE}`;
  const bytes = readSmallFile(path, { maxBytes: ANCHOR_MAX_BYTES, followLink: true });
  if (bytes === null) throw new MusterError("TRUST_ANCHOR_INVALID", { path, problem: "is missing" });
  return parseTrustAnchor(bytes);
}
