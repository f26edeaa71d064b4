import { arch as machine } from "node:process";
import { parseArgs } from "node:util";
import { Problem } from "../scripts/bootstrap/problem.mjs";
import { COMPRESSIONS, type Compression } from "./package-build.ts";
import type { PackageArch, PackageDescription, PackageFormat } from "./package-description.ts";
import { PACKAGES } from "./packages.ts";

export const USAGE = `Usage: npm run package -- --trust-anchor FILE [options]

Builds muster-agent and muster-server as .deb and .rpm, with checksums and the install script. The same input gives the
same bytes.

  --trust-anchor FILE     the keys that releases must be signed with: muster release anchor
  --seed FOLDER           the release that a new host starts with
  --version V             of the packages (the repository's)
  --out DIR               where they go (dist/packages)
  --format deb|rpm|all    (all)
  --package agent|server|all                (all)
  --arch amd64|arm64      (this machine's)
  --sign-key FILE         Ed25519 key that signs SHA256SUMS; its public half is pinned in install.sh
  --passphrase-file FILE  passphrase of that key (or MUSTER_KEY_PASSPHRASE)
  --compression best|fast|none              fast and none are for tests (best)
  --rebuild               take nothing that was built before
  --json                  say as JSON what was built

SOURCE_DATE_EPOCH is the time of every file; without it, the last commit's.
`;

/** What the command line asks for. */
export type Command =
  | { readonly kind: "help" }
  | {
      readonly kind: "build";
      readonly trustAnchor: string;
      readonly seed: string | null;
      readonly version: string | null;
      readonly out: string;
      readonly formats: readonly PackageFormat[];
      readonly packages: readonly PackageDescription[];
      readonly arch: PackageArch;
      readonly signKey: string | null;
      readonly passphraseFile: string | null;
      readonly compression: Compression;
      readonly rebuild: boolean;
      readonly json: boolean;
    };

const FORMATS = { deb: ["deb"], rpm: ["rpm"], all: ["deb", "rpm"] } as const;
const MACHINES: Readonly<Record<string, PackageArch>> = { x64: "amd64", arm64: "arm64" };

/** Reads the command line. Throws `Problem`. */
export function parseCommand(args: readonly string[]): Command {
  const values = parsed(args);
  if (values.help === true) return { kind: "help" };
  const trustAnchor = values["trust-anchor"];
  if (trustAnchor === undefined)
    throw new Problem("--trust-anchor FILE is missing: the packages hold the keys that hosts trust.");
  const wanted = oneOf("package", values.package ?? "all", ["agent", "server", "all"] as const);
  return {
    kind: "build",
    trustAnchor,
    seed: values.seed ?? null,
    version: values.version ?? null,
    out: values.out ?? "dist/packages",
    formats: FORMATS[oneOf("format", values.format ?? "all", ["deb", "rpm", "all"] as const)],
    packages: PACKAGES.filter(({ name }) => wanted === "all" || name === `muster-${wanted}`),
    arch: oneOf("arch", values.arch ?? MACHINES[machine] ?? machine, ["amd64", "arm64"] as const),
    signKey: values["sign-key"] ?? null,
    passphraseFile: values["passphrase-file"] ?? null,
    compression: oneOf("compression", values.compression ?? "best", COMPRESSIONS),
    rebuild: values.rebuild ?? false,
    json: values.json ?? false,
  };
}

function parsed(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        "trust-anchor": text,
        seed: text,
        version: text,
        out: text,
        format: text,
        package: text,
        arch: text,
        "sign-key": text,
        "passphrase-file": text,
        compression: text,
        rebuild: flag,
        json: flag,
        help: { ...flag, short: "h" },
      },
    }).values;
  } catch (error) {
    throw new Problem(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new Problem(`--${name} ${value}: it is one of ${allowed.join(", ")}`);
  return found;
}
