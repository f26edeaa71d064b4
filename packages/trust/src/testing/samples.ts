import type { KeyObject } from "node:crypto";
import { encodeManifest, MusterError, type Assignment, type Manifest } from "@muster/core";
import { generateSigningKey, rawPublicKey, type NamedKey } from "../keys.ts";
import type { TrustAnchor } from "../trust-anchor.ts";

/** Keys with names, and the anchor that trusts them. */
export interface SampleKeys {
  readonly privateKeys: readonly KeyObject[];
  readonly anchor: TrustAnchor;
}

export function sampleKeys(names: readonly string[], threshold: number): SampleKeys {
  const privateKeys = names.map(() => generateSigningKey());
  const keys = names.map((name, index): NamedKey => {
    const key = privateKeys[index];
    if (!key) throw new RangeError(name);
    return { name, publicKey: rawPublicKey(key) };
  });
  return { privateKeys, anchor: { schema: 1, threshold, keys } };
}

export function sampleManifest(change: Partial<Manifest> = {}): Uint8Array {
  const sha256 = "ab".repeat(32);
  return encodeManifest({
    schema: 1,
    product: "acme-agent",
    version: "1.2.3",
    channel: "stable",
    notes: "",
    artifacts: [
      {
        os: "linux",
        arch: "amd64",
        url: "https://example.com/acme-agent_1.2.3_linux_amd64.tar.gz",
        sha256,
        size: 10,
        format: "tar.gz",
        entrypoint: "bin/agent",
        files: [{ path: "bin/agent", mode: "0755", sha256, size: 3 }],
      },
    ],
    ...change,
  });
}

export const sampleAssignment: Assignment = {
  schema: 1,
  agentId: "a-1",
  targetId: "t-1",
  rolloutId: "r-1",
  product: "acme-agent",
  version: "1.2.3",
  manifestDigest: "ab".repeat(32),
  sequence: 7,
  notAfter: 1_800_000_000_000,
  allowDowngrade: false,
  limits: { deadlineMs: 180_000, stabilizationMs: 10_000, maxBoots: 3 },
};

/** The code that a call fails with, or `none`. Anything thrown that is no `MusterError` fails the test. */
export function codeOf(call: () => unknown): string {
  try {
    call();
    return "none";
  } catch (error) {
    if (error instanceof MusterError) return error.code;
    throw error;
  }
}

/** The same for a promise. */
export async function codeOfAsync(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "none";
  } catch (error) {
    if (error instanceof MusterError) return error.code;
    throw error;
  }
}
