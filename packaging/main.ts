// `npm run package`: the packages that machines install, their checksums and the install script.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureTools } from "../scripts/bootstrap/debian-packages.mjs";
import { Problem } from "../scripts/bootstrap/problem.mjs";
import { asMusterError, MusterError } from "../packages/core/src/index.ts";
import { parsePrivateKey, parseTrustAnchor } from "../packages/trust/src/index.ts";
import { parseCommand, USAGE, type Command } from "./arguments.ts";
import { buildPackages, type BuiltPackage } from "./build-packages.ts";
import { publicKeyPem, writeChecksums } from "./checksums.ts";
import { writeInstallScript } from "./install-script.ts";
import { nodeRuntime } from "./node-runtimes.ts";
import { packageVersion } from "./package-version.ts";
import { readSeedFolder } from "./seed.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

function build(command: Command & { readonly kind: "build" }): readonly BuiltPackage[] {
  const { packages, formats, arch, compression, rebuild } = command;
  ensureTools(formats.map((format) => (format === "deb" ? "dpkg" : "rpm")));
  const anchorFile = readFileSync(command.trustAnchor);
  const anchor = parseTrustAnchor(anchorFile);
  const key = command.signKey === null ? null : signingKey(command.signKey, command.passphraseFile);
  const version = packageVersion(command.version ?? ownVersion());
  const runtimes = join(root, "dist/node-runtimes");
  mkdirSync(runtimes, { recursive: true });
  const inputs = {
    root,
    node: nodeRuntime(root, arch, runtimes),
    trustAnchor: anchorFile,
    seed: command.seed === null ? null : readSeedFolder(resolve(command.seed), anchor, arch),
    version,
    epoch: buildTime(),
  };
  const out = resolve(command.out);
  const cache = rebuild ? null : join(root, "dist/package-cache");
  const built = buildPackages({ packages, formats, arch, compression, inputs, out, cache });
  writeChecksums(out, version, key);
  writeInstallScript(root, out, { version, publicKey: key && publicKeyPem(key) });
  return built;
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return version;
}

/** Seconds since 1970 that stand for all times in the packages. */
function buildTime(): number {
  const given = process.env["SOURCE_DATE_EPOCH"];
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  const { status, stdout } = spawnSync("git", ["log", "-1", "--format=%ct"], { cwd: root, encoding: "utf8" });
  if (status === 0 && /^\d+\n$/.test(stdout)) return Number(stdout);
  throw new Problem(
    "Here is no commit whose time could be taken. Set SOURCE_DATE_EPOCH (seconds since 1970), e.g. $(date +%s).",
  );
}

function signingKey(file: string, passphraseFile: string | null) {
  const passphrase =
    passphraseFile === null
      ? process.env["MUSTER_KEY_PASSPHRASE"]
      : readFileSync(passphraseFile, "utf8").replace(/\r?\n$/, "");
  return parsePrivateKey(readFileSync(file, "utf8"), passphrase);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function report(built: readonly BuiltPackage[]): string {
  return built
    .map(({ file, sizeBytes, installedBytes, fromCache, seconds }) => {
      const how = fromCache ? "built before" : `${seconds.toFixed(1)} s`;
      return `${file}  ${megabytes(sizeBytes)}, installed ${megabytes(installedBytes)} (${how})\n`;
    })
    .join("");
}

try {
  const command = parseCommand(process.argv.slice(2));
  if (command.kind === "help") process.stdout.write(USAGE);
  else {
    const built = build(command);
    process.stdout.write(command.json ? `${JSON.stringify(built, null, 2)}\n` : report(built));
  }
} catch (error) {
  if (error instanceof Problem) console.error(error.message);
  else if (error instanceof MusterError || (error instanceof Error && "code" in error)) {
    const { code, message, help } = asMusterError(error);
    console.error(`${message} [${code}]\n  ${help}`);
  } else throw error;
  process.exitCode = 1;
}
