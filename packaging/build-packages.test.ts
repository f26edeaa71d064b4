import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, utimesSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildPackages, packageBuild } from "./build-packages.ts";
import type { PackageFormat } from "./package-description.ts";
import { AGENT, PACKAGES, SERVER } from "./packages.ts";
import { put, smallRequest, temporaryFolder } from "./testing/stand-ins.ts";

const TOOLS: Readonly<Record<PackageFormat, string>> = { deb: "dpkg-deb", rpm: "rpmbuild" };
const isThere = (program: string) => spawnSync(program, ["--version"]).status === 0;
const formats = (["deb", "rpm"] as const).map((format) => ({ format, missing: !isThere(TOOLS[format]) }));
const LIST = {
  deb: (file: string) => output("dpkg-deb", ["--contents", file]),
  rpm: (file: string) => output("rpm", ["--query", "--package", "--list", "--verbose", file]),
};

function output(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

/** `-rw-r--r-- root root /path`, of every file. */
function listed(format: PackageFormat, file: string): readonly string[] {
  return LIST[format](file)
    .split("\n")
    .filter((line) => line.startsWith("-"))
    .map((line) => {
      const [mode = "", ...rest] = line.split(/\s+/);
      const path = (rest.at(-1) ?? "").replace(/^\.\//, "/");
      const owner = format === "deb" ? rest[0] : `${rest[1]}/${rest[2]}`;
      return `${mode} ${owner} ${path}`;
    })
    .toSorted();
}

function modeText(mode: number): string {
  return `-${[6, 3, 0].map((shift) => ["---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"][(mode >> shift) & 7]).join("")}`;
}

describe.for(formats)("a package as $format", ({ format, missing }) => {
  test.skipIf(missing)("is the same, byte for byte, wherever and whenever it is built", () => {
    const first = smallRequest({ formats: [format] });
    const before = buildPackages(first);
    const second = smallRequest({ formats: [format] });
    // Another folder, other times of the files, another mask and zone.
    utimesSync(second.inputs.node, 1, 1);
    const [zone, mask] = [process.env["TZ"], process.umask(0o077)];
    process.env["TZ"] = "Asia/Tokyo";
    try {
      const after = buildPackages(second);
      expect(after.map(({ file }) => basename(file))).toEqual(before.map(({ file }) => basename(file)));
      for (const [index, { file }] of after.entries())
        expect(readFileSync(file).equals(readFileSync(before[index]!.file))).toBe(true);
    } finally {
      process.umask(mask);
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
  });

  test.skipIf(missing).for(PACKAGES)("$name holds what is described, all of it root's", (description) => {
    const request = smallRequest({ formats: [format], packages: [description] });
    const { files } = packageBuild(description, format, request);
    const [built] = buildPackages(request);
    expect(listed(format, built!.file)).toEqual(
      files.map(({ path, mode }) => `${modeText(mode)} root/root ${path}`).toSorted(),
    );
  });

  test.skipIf(missing)("is taken from the cache until something of it changes", () => {
    const cache = temporaryFolder();
    const request = smallRequest({ formats: [format], packages: [AGENT], cache });
    const fromCache = () => buildPackages(request).map((built) => built.fromCache);
    expect(fromCache()).toEqual([false]);
    expect(fromCache()).toEqual([true]);
    put(join(request.inputs.root, "dist/host/muster-agent.mjs"), "changed\n");
    expect(fromCache()).toEqual([false]);
  });
});

test("what is not built yet is named, with the way out", () => {
  const request = smallRequest();
  const inputs = { ...request.inputs, node: "/nowhere/node" };
  expect(() => packageBuild(AGENT, "deb", { ...request, inputs })).toThrow(
    "/nowhere/node is not there. Run npm run build first.",
  );
});

test("pages that are built by half are not packed", () => {
  const request = smallRequest();
  rmSync(join(request.inputs.root, "apps/web/dist/index.html"));
  expect(() => packageBuild(SERVER, "deb", request)).toThrow("apps/web/dist/index.html is not there");
});

test("a package without a seed has no folder for it", () => {
  const request = smallRequest();
  const inputs = { ...request.inputs, seed: null };
  const { files, folders } = packageBuild(AGENT, "deb", { ...request, inputs });
  expect([...files.map(({ path }) => path), ...folders].filter((path) => path.includes("seed"))).toEqual([]);
});

test("no file of the state folder belongs to the package: updates change them", () => {
  for (const description of PACKAGES)
    for (const { path } of description.files) expect(path).not.toMatch(/^\/var\//);
});
