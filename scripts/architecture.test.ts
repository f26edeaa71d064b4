import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { importsOf, readPackageJson, readSources, workspaceFolders } from "./architecture/imports.ts";
import { LAYOUT, type LayoutRow } from "./architecture/layout.ts";
import { documentedRows, fileViolations, packageViolations } from "./architecture/violations.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

describe("the layout", () => {
  test("has a row for every workspace", () => {
    const folders = Object.values(LAYOUT).map(({ folder }) => folder);
    expect(folders.toSorted()).toEqual(workspaceFolders(root));
  });

  test("is the table in docs/architecture.md", () => {
    const documented = Object.fromEntries(
      Object.entries(LAYOUT).map(([name, row]) => [name, row.documented]),
    );
    expect(documentedRows(readFileSync(join(root, "docs/architecture.md"), "utf8"))).toEqual(documented);
  });

  test.for(Object.entries(LAYOUT))("says in words what it allows %s", ([, row]) => {
    const words = row.documented.split(" (")[0] ?? "";
    const named = words.split(", ").filter((word) => word in LAYOUT);
    expect(named).toEqual(row.workspaces);
  });

  test.for(Object.entries(LAYOUT))("holds in %s", ([name, row]) => {
    const manifest = readPackageJson(root, row.folder);
    const files = readSources(root, row.folder);
    expect(manifest.name).toBe(`@muster/${name}`);
    expect(files).not.toEqual([]);
    expect([
      ...packageViolations(row, manifest),
      ...files.flatMap((file) => fileViolations(row, manifest, file)),
    ]).toEqual([]);
  });
});

describe("a violation is found", () => {
  const core = LAYOUT["core"] as LayoutRow;
  const agent = LAYOUT["agent"] as LayoutRow;
  const manifest = {
    name: "@muster/core",
    dependencies: { semver: "1.0.0" },
    devDependencies: { tool: "1.0.0" },
  };
  const inCore = (source: string, path = "packages/core/src/a/b.ts") =>
    fileViolations(core, manifest, { path, specifiers: importsOf(path, source) });

  test.for([
    ['import { readFile } from "node:fs/promises";', "this module of Node is not allowed here"],
    ['import "fs";', "Node's modules are imported with node:"],
    ['import type { Key } from "@muster/trust";', "the layout forbids it"],
    ['export * from "@muster/server/main";', "apps are never imported"],
    ['await import("left-pad");', "this npm package is not allowed here"],
    ['import "../../../trust/src/index.ts";', "it leaves the package"],
    ['import { a } from "@muster/core";', "a package imports its own files by relative paths"],
    ['import { test } from "vitest";', "only tests may import it"],
  ] as const)("%s", ([source, problem]) => {
    expect(inCore(source)).toEqual([expect.stringMatching(new RegExp(`${problem}$`))]);
  });

  test("what is allowed is not one", () => {
    expect(inCore('import { lt } from "semver";\nimport { c } from "../c.ts";')).toEqual([]);
    expect(inCore('import { test } from "vitest";', "packages/core/src/a/b.test.ts")).toEqual([]);
  });

  test("an npm package that hoisting made reachable, but nobody declared", () => {
    const file = { path: "apps/agent/src/main.ts", specifiers: ["semver/functions/lt", "tool"] };
    const declared = { name: "@muster/agent", devDependencies: { tool: "1.0.0" } };
    expect(fileViolations(agent, declared, file)).toEqual([
      "apps/agent/src/main.ts imports semver/functions/lt: it is not in this package's package.json",
      "apps/agent/src/main.ts imports tool: it is only a development dependency",
    ]);
  });

  test("a package.json that declares what it may not import", () => {
    const declared = {
      name: "@muster/agent",
      dependencies: { "@muster/fleet": "0.1.0", "@muster/cli": "0.1.0" },
    };
    expect(packageViolations(agent, declared)).toEqual([
      "apps/agent/package.json declares @muster/fleet: the layout forbids it",
      "apps/agent/package.json declares @muster/cli: apps are never imported",
    ]);
  });

  test("a folder whose name says nothing", () => {
    expect(inCore("export {};", "packages/core/src/utils/x.ts")).toEqual([
      "packages/core/src/utils/x.ts is in a folder called utils",
    ]);
  });

  test("a dynamic import nobody can check", () => {
    expect(() => inCore("await import(name);")).toThrow("import() of an expression");
  });
});
