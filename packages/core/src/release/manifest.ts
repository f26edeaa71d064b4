import { MusterError } from "../errors.ts";
import {
  array,
  decodeJson,
  integer,
  literal,
  object,
  oneOf,
  optional,
  reject,
  string,
  type Decoder,
} from "../parse/decode.ts";
import { canonicalJson } from "./canonical-json.ts";
import { archDecoder, osDecoder, type Platform } from "./platform.ts";
import { compareVersions, versionDecoder, type Version } from "./version.ts";

/** DSSE payload type of a release manifest. */
export const MANIFEST_PAYLOAD_TYPE = "application/vnd.muster.release+json";
/** A manifest travels in one message of the agents' stream. */
export const MANIFEST_MAX_BYTES = 2 * 1024 * 1024;
export const ARTIFACT_MAX_BYTES = 8 * 1024 ** 3;

/** One file of an unpacked artifact. */
export interface ManifestFile {
  /** Relative, with `/`, without empty, `.` or `..` segments. */
  readonly path: string;
  readonly mode: "0644" | "0755";
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** The archive of one platform. */
export interface Artifact extends Platform {
  /** Where the control plane fetches it from; agents never do. */
  readonly url: string;
  /** Of the archive; lower-case hexadecimal. */
  readonly sha256: string;
  /** Of the archive, in bytes. */
  readonly size: number;
  readonly format: "tar.gz";
  /** The file that is started. One that ends in `.js`, `.mjs` or `.cjs` runs on the package's Node. */
  readonly entrypoint: string;
  /** Every file of the unpacked archive. */
  readonly files: readonly ManifestFile[];
}

/** What a release is: the signed statement of one version of one product. */
export interface Manifest {
  readonly schema: 1;
  readonly product: string;
  readonly version: Version;
  readonly channel: string;
  readonly notes: string;
  /** The lowest version that may ever follow this one on a host. */
  readonly floor?: Version;
  readonly artifacts: readonly Artifact[];
}

export const sha256Decoder = string({
  max: 64,
  pattern: /^[0-9a-f]{64}$/,
  what: "64 lower-case hexadecimal digits",
});
/** Products and channels: they are parts of file names and labels. */
export const nameDecoder = string({
  min: 1,
  max: 64,
  pattern: /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/,
  what: "lower-case letters, digits and single . _ -",
});

/** Longest path of a file in an artifact, in characters. */
const PATH_MAX_LENGTH = 512;
/** Longest name of a file or folder, in bytes of UTF-8: what file systems take. */
const NAME_MAX_BYTES = 255;

// Control characters, invisible and bidirectional marks hide what a path is; the signs mean something on Windows.
const PATH_FORBIDDEN =
  /[\u0000-\u001f\u007f-\u009f\\:<>"|?*\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;
/** Windows has devices of these names in every folder. */
const DEVICE_NAME = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** A relative path that stays inside the folder it is joined to and names a file there, on every operating system. */
export const safePathDecoder: Decoder<string> = (value, path) => {
  const text = string({ min: 1, max: PATH_MAX_LENGTH })(value, path);
  if (PATH_FORBIDDEN.test(text) || !text.isWellFormed()) {
    reject(path, 'must not have control characters, invisible ones, or any of \\ : < > " | ? *');
  }
  if (text.normalize("NFC") !== text) reject(path, "must be in Unicode's normal form C");
  if (!text.split("/").every(isSafeName)) {
    reject(path, "must be a relative path without empty, overlong or special segments");
  }
  return text;
};

/** Windows drops dots and spaces at the end of a name, so that `.. ` is `..` there. */
function isSafeName(name: string): boolean {
  const bytes = new TextEncoder().encode(name).byteLength;
  return bytes > 0 && bytes <= NAME_MAX_BYTES && !/[. ]$/.test(name) && !DEVICE_NAME.test(name);
}

const fileDecoder: Decoder<ManifestFile> = object({
  path: safePathDecoder,
  mode: oneOf(["0644", "0755"]),
  sha256: sha256Decoder,
  size: integer({ max: ARTIFACT_MAX_BYTES }),
});

const artifactFields = object({
  os: osDecoder,
  arch: archDecoder,
  url: string({ max: 2048, pattern: /^https:\/\/[!-~]+$/, what: "the form of an https address" }),
  sha256: sha256Decoder,
  size: integer({ min: 1, max: ARTIFACT_MAX_BYTES }),
  format: literal("tar.gz"),
  entrypoint: safePathDecoder,
  files: array(fileDecoder, { min: 1, max: 20_000 }),
});

const artifactDecoder: Decoder<Artifact> = (value, path) => {
  const artifact = artifactFields(value, path);
  const entrypoint = artifact.files.find((file) => file.path === artifact.entrypoint);
  if (!entrypoint) reject(`${path}.entrypoint`, "must be one of the files");
  checkTree(artifact.files, path);
  return artifact;
};

/** No path twice (also not by case, which some file systems fold), and no file that is another's folder. */
function checkTree(files: readonly ManifestFile[], path: string): void {
  const paths = new Set(files.map((file) => file.path.toLowerCase()));
  if (paths.size !== files.length) reject(`${path}.files`, "must not name a path twice");
  for (const file of paths) {
    for (let cut = file.lastIndexOf("/"); cut > 0; cut = file.lastIndexOf("/", cut - 1)) {
      if (paths.has(file.slice(0, cut))) reject(`${path}.files`, "must not use a file as a folder");
    }
  }
}

const manifestFields = object({
  schema: literal(1),
  product: nameDecoder,
  version: versionDecoder,
  channel: nameDecoder,
  notes: string({ max: 65_536 }),
  floor: optional(versionDecoder),
  artifacts: array(artifactDecoder, { min: 1, max: 64 }),
});

export const manifestDecoder: Decoder<Manifest> = (value, path) => {
  const manifest = manifestFields(value, path);
  const platforms = new Set(manifest.artifacts.map((artifact) => `${artifact.os}/${artifact.arch}`));
  if (platforms.size !== manifest.artifacts.length) reject("artifacts", "must not name a platform twice");
  if (manifest.floor !== undefined && compareVersions(manifest.floor, manifest.version) > 0) {
    reject("floor", "must not be above the version itself");
  }
  return manifest;
};

/**
 * Reads a manifest from the exact bytes that were signed. Throws `MANIFEST_INVALID`, or `MANIFEST_NOT_CANONICAL` when
 * the bytes are not the RFC 8785 form of what they say (which also refuses duplicate members and non-UTF-8).
 * Call it only on bytes whose signatures were verified.
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  if (bytes.byteLength > MANIFEST_MAX_BYTES) {
    throw new MusterError("MANIFEST_INVALID", {
      field: "(root)",
      problem: `is over ${MANIFEST_MAX_BYTES} bytes`,
    });
  }
  const text = decodeUtf8(bytes);
  const manifest = decodeJson(manifestDecoder, text, "MANIFEST_INVALID");
  // Strict UTF-8 is one-to-one, so equal text is equal bytes.
  if (canonicalJson(manifest) !== text) throw new MusterError("MANIFEST_NOT_CANONICAL");
  return manifest;
}

/** The manifest's canonical bytes: what is signed, sent and stored. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(canonicalJson(manifest));
}

/** The artifact for a platform, or `ARTIFACT_NOT_FOUND`. */
export function artifactFor(manifest: Manifest, platform: Platform): Artifact {
  const found = manifest.artifacts.find(({ os, arch }) => os === platform.os && arch === platform.arch);
  if (!found) throw new MusterError("ARTIFACT_NOT_FOUND", { version: manifest.version, ...platform });
  return found;
}

/** The fixed names of a release's assets. */
export const assetNames = {
  manifest: (product: string) => `${product}-release-manifest.json`,
  signature: (product: string) => `${product}-release-manifest.json.sig`,
  archive: (product: string, version: Version, platform: Platform) =>
    `${product}_${version}_${platform.os}_${platform.arch}.tar.gz`,
} as const;

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new MusterError("MANIFEST_INVALID", { field: "(root)", problem: "is not UTF-8" }, { cause });
  }
}
