import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import { MusterError, type Artifact } from "@muster/core";
import { PRIVATE_FILE } from "../fs/durable.ts";
import { withFile } from "../fs/reading.ts";
import type { HostFs } from "../ports.ts";

const PIECE_BYTES = 1024 * 1024;

/** An archive that someone else can still change, and where the updater's own copy goes. */
export interface ArchiveCopy {
  readonly from: string;
  readonly to: string;
  readonly artifact: Pick<Artifact, "sha256" | "size">;
}

/**
 * Copies an archive to where nobody else can change it, hashing what is copied: what is verified is what is unpacked.
 * Throws `ARTIFACT_SIZE_MISMATCH`, `ARTIFACT_DIGEST_MISMATCH`, `FILE_NOT_READABLE`, `DISK_SHORT`.
 */
export function copyArchive(fs: HostFs, { from, to, artifact }: ArchiveCopy): void {
  const copied = withFile(from, false, ({ descriptor, sizeBytes }) => {
    if (sizeBytes !== artifact.size) {
      throw new MusterError("ARTIFACT_SIZE_MISMATCH", { expected: artifact.size, actual: sizeBytes });
    }
    return copyDescriptor(fs, { descriptor, to, maxBytes: artifact.size });
  });
  if (copied === null) throw new MusterError("FILE_NOT_READABLE", { path: from, problem: "is missing" });
  if (copied.sizeBytes !== artifact.size) {
    throw new MusterError("ARTIFACT_SIZE_MISMATCH", { expected: artifact.size, actual: copied.sizeBytes });
  }
  if (copied.sha256 !== artifact.sha256) {
    throw new MusterError("ARTIFACT_DIGEST_MISMATCH", { expected: artifact.sha256, actual: copied.sha256 });
  }
}

interface Copying {
  readonly descriptor: number;
  readonly to: string;
  readonly maxBytes: number;
}

function copyDescriptor(
  fs: HostFs,
  { descriptor, to, maxBytes }: Copying,
): { readonly sizeBytes: number; readonly sha256: string } {
  const file = fs.createFile(to, PRIVATE_FILE);
  const hash = createHash("sha256");
  let sizeBytes = 0;
  try {
    // A file that grows meanwhile is read one piece too far at most.
    const piece = new Uint8Array(PIECE_BYTES);
    while (sizeBytes <= maxBytes) {
      const length = readSync(descriptor, piece, 0, piece.byteLength, null);
      if (length === 0) break;
      const bytes = piece.subarray(0, length);
      hash.update(bytes);
      file.write(bytes);
      sizeBytes += length;
    }
  } finally {
    file.close();
  }
  return { sizeBytes, sha256: hash.digest("hex") };
}
