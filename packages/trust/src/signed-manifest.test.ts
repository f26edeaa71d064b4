import { MANIFEST_MAX_BYTES, MANIFEST_PAYLOAD_TYPE } from "@muster/core";
import { describe, expect, test } from "vitest";
import { sha256Hex } from "./digest.ts";
import { signDetached } from "./envelope.ts";
import { signManifest, verifyManifest } from "./signed-manifest.ts";
import { codeOf, sampleKeys, sampleManifest } from "./testing/samples.ts";

const { privateKeys, anchor } = sampleKeys(["alice", "bob"], 2);
const sign = (manifest: Uint8Array) =>
  privateKeys.reduce<Uint8Array | undefined>(
    (existing, key) => signManifest(manifest, key, existing),
    undefined,
  )!;

describe("a signed manifest", () => {
  test("gives the manifest, its digest and who signed", () => {
    const manifest = sampleManifest();
    const verified = verifyManifest({ manifest, signatures: sign(manifest) }, anchor);
    expect(verified.manifest).toMatchObject({ product: "acme-agent", version: "1.2.3" });
    expect(verified.digest).toBe(sha256Hex(manifest));
    expect(verified.signers).toEqual(["alice", "bob"]);
  });

  test("is not read before it is verified", () => {
    const garbage = new TextEncoder().encode("{{{");
    const strangers = sampleKeys(["mallory", "mike"], 2);
    expect(
      codeOf(() => verifyManifest({ manifest: garbage, signatures: sign(garbage) }, strangers.anchor)),
    ).toBe("SIGNATURE_INVALID");
  });

  test("is still held to its form when it is well signed", () => {
    const pretty = new TextEncoder().encode(`${new TextDecoder().decode(sampleManifest())}\n`);
    const garbage = new TextEncoder().encode("{}");
    expect(codeOf(() => verifyManifest({ manifest: pretty, signatures: sign(pretty) }, anchor))).toBe(
      "MANIFEST_NOT_CANONICAL",
    );
    expect(codeOf(() => verifyManifest({ manifest: garbage, signatures: sign(garbage) }, anchor))).toBe(
      "MANIFEST_INVALID",
    );
  });

  test("cannot be passed off with signatures of another one", () => {
    const signatures = sign(sampleManifest());
    const other = sampleManifest({ version: "1.2.4" });
    expect(codeOf(() => verifyManifest({ manifest: other, signatures }, anchor))).toBe("SIGNATURE_INVALID");
  });

  test("cannot be passed off with signatures of another type", () => {
    const payload = sampleManifest();
    const [alice] = privateKeys;
    const signatures = signDetached({ payload, payloadType: "text/plain" }, alice!);
    expect(codeOf(() => verifyManifest({ manifest: payload, signatures }, anchor))).toBe(
      "SIGNATURE_TYPE_MISMATCH",
    );
    expect(MANIFEST_PAYLOAD_TYPE).not.toBe("text/plain");
  });

  test("of too many bytes is refused before anything is hashed", () => {
    const manifest = new Uint8Array(MANIFEST_MAX_BYTES + 1);
    expect(codeOf(() => verifyManifest({ manifest, signatures: new Uint8Array() }, anchor))).toBe(
      "MANIFEST_INVALID",
    );
  });
});
