// Bundles a program that ships to hosts into one file: `node bundle-host.ts <entry> <file>`, with the licences of what is
// in it beside it.
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";

const [entry = "", file = ""] = process.argv.slice(2);
const outfile = resolve(file);

// Some bundled packages are CommonJS and require Node's modules.
const BANNER = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

const { metafile } = await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  mainFields: ["module", "main"],
  minifySyntax: true,
  legalComments: "none",
  logLevel: "warning",
  banner: { js: BANNER },
  metafile: true,
});
writeFileSync(outfile.replace(/\.mjs$/, ".licences.txt"), licences(Object.keys(metafile.inputs)));

/** The licence of every npm package that a bundle was made from. */
function licences(files: readonly string[]): string {
  const packages = files.flatMap(
    (path) => /^(?:\.\.\/)*(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  const notices = [...new Set(packages)].toSorted().map((path) => notice(resolve(path)));
  return `${basename(outfile, ".mjs")} contains these packages.\n${notices.join("")}`;
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
