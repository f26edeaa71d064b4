import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "oxc-parser";

/** One file's imports, as written: static, dynamic, type-only and re-exports. */
export interface SourceFile {
  /** Relative to the repository, with `/`. */
  path: string;
  specifiers: string[];
}

export interface PackageJson {
  name: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const STRING = /^(["'`])([^"'`$]*)\1$/;

/** The specifiers a source imports. A dynamic import of anything but a plain string is an error. */
export function importsOf(path: string, source: string): string[] {
  const { module, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const reExports = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
  );
  const dynamic = module.dynamicImports.map(({ moduleRequest: { start, end } }) => {
    const literal = STRING.exec(source.slice(start, end))?.[2];
    if (literal === undefined)
      throw new Error(`${path}: import() of an expression: ${source.slice(start, end)}`);
    return literal;
  });
  return [
    ...new Set([
      ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
      ...reExports,
      ...dynamic,
    ]),
  ];
}

/** Every source file of a workspace, generated ones too. */
export function readSources(root: string, folder: string): SourceFile[] {
  const files = globSync("**/*.{ts,tsx,mts,js,mjs}", {
    cwd: join(root, folder),
    exclude: (name) => name === "node_modules" || name === "dist",
  });
  return files.toSorted().map((file) => {
    const path = `${folder}/${file.replaceAll("\\", "/")}`;
    return { path, specifiers: importsOf(path, readFileSync(join(root, path), "utf8")) };
  });
}

export function readPackageJson(root: string, folder: string): PackageJson {
  return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as PackageJson;
}

/** Every workspace folder there is. */
export function workspaceFolders(root: string): string[] {
  return globSync(["apps/*", "packages/*", "e2e"], { cwd: root })
    .map((folder) => folder.replaceAll("\\", "/"))
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .toSorted();
}
