// Builds the one file that is the host's updater: `node build.ts [file] [entry]`. The licences of what is bundled stand
// beside it.
import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));
const repository = join(folder, "../..");
const outfile = resolve(process.argv[2] ?? join(repository, "dist/host/muster-updater.mjs"));
const entry = process.argv[3] ?? "src/main.ts";
const metafile = `${outfile}.meta.json`;

// Some bundled packages are CommonJS and require Node's modules.
const BANNER = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

interface Metafile {
  readonly inputs: Readonly<Record<string, unknown>>;
}

mkdirSync(dirname(outfile), { recursive: true });
execFileSync(
  join(repository, "node_modules/.bin/esbuild"),
  [
    entry,
    "--bundle",
    "--platform=node",
    "--target=node24",
    "--format=esm",
    "--legal-comments=none",
    "--log-level=warning",
    `--banner:js=${BANNER}`,
    `--outfile=${outfile}`,
    `--metafile=${metafile}`,
  ],
  { cwd: folder, stdio: "inherit" },
);
const { inputs } = JSON.parse(readFileSync(metafile, "utf8")) as Metafile;
writeFileSync(outfile.replace(/\.mjs$/, ".licences.txt"), licences(Object.keys(inputs)));
rmSync(metafile);

/** The licence of every npm package that a bundle was made from. */
function licences(files: readonly string[]): string {
  const packages = files.flatMap(
    (file) => /^(?:\.\.\/)*(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [],
  );
  const notices = [...new Set(packages)].toSorted().map((path) => notice(resolve(folder, path)));
  return `muster-updater contains these packages.\n${notices.join("")}`;
}

function notice(path: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as Record<
    string,
    string
  >;
  const [text] = globSync("{licen[cs]e,LICEN[CS]E,Licen[cs]e}*", { cwd: path });
  const body = text === undefined ? "" : `\n${readFileSync(join(path, text), "utf8").trim()}\n`;
  return `\n${"-".repeat(72)}\n${name} ${version} (${license})\n${body}`;
}
