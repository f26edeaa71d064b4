import { builtinModules } from "node:module";
import { posix } from "node:path";
import type { PackageJson, SourceFile } from "./imports.ts";
import { FORBIDDEN_FOLDERS, LAYOUT, type LayoutRow, TEST_PACKAGES } from "./layout.ts";

const SCOPE = "@muster/";

/** What is wrong with a file's imports and its place, one sentence each. */
export function fileViolations(row: LayoutRow, manifest: PackageJson, file: SourceFile): string[] {
  const folders = file.path.split("/").slice(0, -1);
  return [
    ...folders
      .filter((name) => FORBIDDEN_FOLDERS.includes(name))
      .map((name) => `${file.path} is in a folder called ${name}`),
    ...file.specifiers.flatMap((specifier) => {
      const problem = importProblem(row, manifest, file.path, specifier);
      return problem === undefined ? [] : [`${file.path} imports ${specifier}: ${problem}`];
    }),
  ];
}

function importProblem(
  row: LayoutRow,
  manifest: PackageJson,
  path: string,
  specifier: string,
): string | undefined {
  if (specifier.startsWith(".")) return relativeProblem(row, path, specifier);
  if (specifier.startsWith("node:")) {
    const allowed = row.node === "all" || row.node.includes(specifier) || isDevelopmentFile(row, path);
    return allowed ? undefined : "this module of Node is not allowed here";
  }
  if (builtinModules.includes(specifier)) return "Node's modules are imported with node:";
  const name = packageName(specifier);
  if (name === manifest.name) return "a package imports its own files by relative paths";
  if (TEST_PACKAGES.includes(name))
    return isDevelopmentFile(row, path) ? undefined : "only tests may import it";
  return dependencyProblem(row, name) ?? declarationProblem(row, manifest, path, name);
}

function relativeProblem(row: LayoutRow, path: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier);
  return target.startsWith(`${row.folder}/`) ? undefined : "it leaves the package";
}

function declarationProblem(
  row: LayoutRow,
  { dependencies = {}, devDependencies = {} }: PackageJson,
  path: string,
  name: string,
): string | undefined {
  if (name in dependencies || `@types/${name}` in devDependencies) return undefined;
  if (!(name in devDependencies)) return "it is not in this package's package.json";
  return isDevelopmentFile(row, path) ? undefined : "it is only a development dependency";
}

/** Tests, contract suites and tool configuration: not part of what ships. */
function isDevelopmentFile(row: LayoutRow, path: string): boolean {
  const isConfig = posix.dirname(path) === row.folder && path.endsWith(".config.ts");
  return row.folder === "e2e" || isConfig || /\.test\.tsx?$/.test(path) || path.includes("/testing/");
}

/** What is wrong with the dependencies a package.json declares. */
export function packageViolations(row: LayoutRow, manifest: PackageJson): string[] {
  const declared = { ...manifest.dependencies, ...manifest.devDependencies };
  return Object.keys(declared).flatMap((name) => {
    const problem = dependencyProblem(row, name);
    return problem === undefined ? [] : [`${row.folder}/package.json declares ${name}: ${problem}`];
  });
}

function dependencyProblem(row: LayoutRow, name: string): string | undefined {
  if (!name.startsWith(SCOPE)) {
    return row.npm === undefined || row.npm.includes(name)
      ? undefined
      : "this npm package is not allowed here";
  }
  const target = name.slice(SCOPE.length);
  if (row.workspaces.includes(target)) return undefined;
  return LAYOUT[target]?.folder.startsWith("apps/") ? "apps are never imported" : "the layout forbids it";
}

function packageName(specifier: string): string {
  const parts = specifier.split("/");
  return parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** The rows of the import table in docs/architecture.md: workspace → what it may import. */
export function documentedRows(markdown: string): Record<string, string> {
  const lines = markdown.split("\n");
  const head = lines.findIndex((line) => /^\|\s*from\s*\|\s*may import\s*\|$/.test(line.trim()));
  if (head < 0) throw new Error("docs/architecture.md has no table | from | may import |");
  const rows: Record<string, string> = {};
  for (const line of lines.slice(head + 2)) {
    const cells = /^\|([^|]*)\|([^|]*)\|$/.exec(line.trim());
    if (!cells) break;
    rows[(cells[1] ?? "").trim()] = (cells[2] ?? "").trim();
  }
  return rows;
}
