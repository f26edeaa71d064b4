import { createHash } from "node:crypto";
import {
  MANIFEST_MAX_BYTES,
  MusterError,
  manifestFile,
  parseManifest,
  type Manifest,
  type Version,
} from "@muster/core";
import { verifyManifest, type SignedManifest } from "@muster/trust";
import { readSmallFile } from "../fs/reading.ts";
import type { Host } from "../ports.ts";
import { readTrustAnchor } from "./trust.ts";

/** A `.sig` file is never larger. */
export const SIGNATURES_MAX_BYTES = 65_536;

/** The manifest that a kept version was installed with. */
export interface KeptManifest {
  readonly manifest: Manifest;
  /** SHA-256 of its bytes, hexadecimal. */
  readonly digest: string;
  /** Whether the package's trust anchor vouches for it today. */
  readonly verified: boolean;
}

/** Reads the manifest of a kept version, and whether it verifies; null if there is none that can be read. */
export function keptManifest(
  host: Pick<Host, "layout" | "packageFolder">,
  version: Version,
): KeptManifest | null {
  const signed = signedManifestAt(manifestFile(host.layout, version));
  if (signed === null) return null;
  const verified = verifies(host, signed);
  const manifest = readable(signed);
  return manifest === null || manifest.version !== version
    ? null
    : { manifest, digest: digestOf(signed), verified };
}

function signedManifestAt(path: string): SignedManifest | null {
  try {
    const manifest = readSmallFile(path, { maxBytes: MANIFEST_MAX_BYTES });
    const signatures = readSmallFile(`${path}.sig`, { maxBytes: SIGNATURES_MAX_BYTES });
    return manifest === null ? null : { manifest, signatures: signatures ?? new Uint8Array() };
  } catch (error) {
    return ignoreUnreadable(error);
  }
}

/** Trust that has expired or broken stops updates, never the agent: so this is an answer, not an error. */
function verifies(host: Pick<Host, "packageFolder">, signed: SignedManifest): boolean {
  try {
    verifyManifest(signed, readTrustAnchor(host));
    return true;
  } catch (error) {
    return ignoreUnreadable(error) !== null;
  }
}

function digestOf({ manifest }: SignedManifest): string {
  return createHash("sha256").update(manifest).digest("hex");
}

function readable({ manifest }: SignedManifest): Manifest | null {
  try {
    return parseManifest(manifest);
  } catch (error) {
    return ignoreUnreadable(error);
  }
}

function ignoreUnreadable(error: unknown): null {
  if (error instanceof MusterError) return null;
  throw error;
}
