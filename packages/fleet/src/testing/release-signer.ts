import { encodeManifest, type Manifest } from "@muster/core";
import {
  generateSigningKey,
  rawPublicKey,
  sha256Hex,
  signManifest,
  type SignedManifest,
  type TrustAnchor,
} from "@muster/trust";

/** A release as its makers hold it: signed, with its archives. */
export interface SignedRelease extends SignedManifest {
  readonly content: Manifest;
  /** The archive of each platform, by `os/arch`. What is inside does not matter to the control plane. */
  readonly archives: Readonly<Record<string, Buffer>>;
}

export interface ReleaseWish {
  readonly version: string;
  readonly product?: string;
  readonly notes?: string;
  /** By `os/arch`; one for linux/amd64 unless told. */
  readonly archives?: Readonly<Record<string, Buffer>>;
  /** Where an archive is said to be. */
  readonly urlOf?: (platform: string) => string;
  /** How many of the anchor's keys sign; as many as it asks for unless told. */
  readonly signers?: number;
}

export interface ReleaseSigner {
  readonly anchor: TrustAnchor;
  sign(wish: ReleaseWish): SignedRelease;
}

/** Makers of releases, with `keys` keys of which `threshold` must sign. */
export function createReleaseSigner({ keys = 1, threshold = 1 } = {}): ReleaseSigner {
  const privateKeys = Array.from({ length: keys }, generateSigningKey);
  const anchor: TrustAnchor = {
    schema: 1,
    threshold,
    keys: privateKeys.map((key, index) => ({ name: `key ${index + 1}`, publicKey: rawPublicKey(key) })),
  };
  return {
    anchor,
    sign: (wish) => {
      const archives = wish.archives ?? { "linux/amd64": Buffer.from(`archive of ${wish.version}`) };
      const content = manifestOf(wish, archives);
      const manifest = encodeManifest(content);
      let signatures: Uint8Array | undefined;
      for (const key of privateKeys.slice(0, wish.signers ?? threshold)) {
        signatures = signManifest(manifest, key, signatures);
      }
      return { content, archives, manifest, signatures: signatures ?? new Uint8Array() };
    },
  };
}

function manifestOf(
  {
    product = "app",
    version,
    notes = "",
    urlOf = (platform) => `https://archives.test/${platform}`,
  }: ReleaseWish,
  archives: Readonly<Record<string, Buffer>>,
): Manifest {
  const file = { path: "app", mode: "0755", sha256: sha256Hex(Buffer.from("app")), size: 3 } as const;
  const artifacts = Object.entries(archives).map(([platform, archive]) => {
    const [os, arch] = platform.split("/");
    return {
      os: os as "linux",
      arch: arch as "amd64",
      url: urlOf(platform),
      sha256: sha256Hex(archive),
      size: archive.length,
      format: "tar.gz" as const,
      entrypoint: "app",
      files: [file],
    };
  });
  return { schema: 1, product, version, channel: "stable", notes, artifacts };
}
