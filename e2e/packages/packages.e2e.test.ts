import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Program, temporaryFolder } from "@muster/local-fleet";
import { beforeAll, describe, expect, test } from "vitest";
import { run, runOk } from "../box/run.ts";
import { useCleanUp } from "../fleet.ts";
import {
  buildPackages,
  createPipeline,
  fileOf,
  makeRelease,
  type BuiltPackage,
  type Pipeline,
} from "./built-packages.ts";
import { canMakeScratchRoots, inScratchRoot } from "./scratch-root.ts";

const cleanUp = useCleanUp();
const hasRoots = await canMakeScratchRoots();
const hasTools = (await run(["sh", "-c", "dpkg-deb --version && rpmbuild --version"])).code === 0;

let pipeline: Pipeline;
let packages: readonly BuiltPackage[];
let next: readonly BuiltPackage[];

describe.skipIf(!hasTools)("the packages", () => {
  beforeAll(async () => {
    const folder = await temporaryFolder("muster-e2e-packages");
    cleanUp.defer(folder.dispose);
    pipeline = await createPipeline(folder.path);
    const [first, second] = [await makeRelease(pipeline, "1.0.0"), await makeRelease(pipeline, "1.1.0")];
    packages = await buildPackages(pipeline, { version: "1.0.0", seed: first, out: "first", package: "all" });
    next = await buildPackages(pipeline, { version: "1.1.0", seed: second, out: "next", package: "agent" });
  });

  test("the server's package runs by itself, with its pages", async () => {
    const tree = join(pipeline.folder, "server");
    await runOk(["dpkg-deb", "--extract", fileOf(packages, "muster-server", "deb"), tree]);
    const installed = join(tree, "usr/lib/muster-server");
    const node = join(installed, "node");
    expect(await runOk([node, join(installed, "muster.mjs"), "--help"])).toContain("Usage: muster");
    const flags = ["--data", join(pipeline.folder, "data"), "--http-port", "0", "--gateway-port", "0"];
    const places = ["--web", join(installed, "web"), "--trust-anchor", join(installed, "trust-anchor.json")];
    const server = new Program([node, join(installed, "muster-server.mjs"), ...flags, ...places], {
      cwd: tree,
    });
    cleanUp.defer(() => server.stop());
    const [, url = ""] = await server.line(/^API and pages: (\S+)/);
    await server.line(/^Ready/);
    const page = await fetch(`${url}/`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("<script");
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect((await fetch(`${url}/api/v1/openapi.json`)).status).toBe(200);
  });

  test("the agent's package says what it is", async () => {
    const tree = join(pipeline.folder, "agent");
    await runOk(["dpkg-deb", "--extract", fileOf(packages, "muster-agent", "deb"), tree]);
    const installed = join(tree, "usr/lib/muster-agent");
    const node = join(installed, "node");
    expect(await runOk([node, join(installed, "muster-updater.mjs"), "help"])).toContain(
      "Usage: muster-updater",
    );
    const root = join(pipeline.folder, "host");
    await runOk([
      node,
      join(installed, "muster-updater.mjs"),
      "seed",
      join(installed, "seed"),
      "--root",
      root,
    ]);
    const status = await runOk([
      node,
      join(installed, "muster-updater.mjs"),
      "status",
      "--json",
      "--root",
      root,
    ]);
    expect(JSON.parse(status)).toMatchObject({ current: "1.0.0", state: { kind: "steady" } });
  });

  test("the same package is built again from the same, byte for byte", async () => {
    const seed = join(pipeline.folder, "1.0.0");
    await buildPackages(pipeline, { version: "1.0.0", seed, out: "again", package: "agent" });
    const sums = async (out: string) =>
      (await readFile(join(pipeline.folder, out, "SHA256SUMS"), "utf8")).trim().split("\n");
    expect(await sums("first")).toEqual(expect.arrayContaining(await sums("again")));
  });

  test("the install script takes the real package's word from the key in it alone", async () => {
    const folder = dirname(fileOf(packages, "muster-agent", "deb"));
    const args = ["--dry-run", "--server", "gateway.example.com:8443", "--token", "muster1.a.b.c"];
    const { code, stdout } = await run(["sh", join(folder, "install.sh"), ...args]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("Verified: muster-agent") });
    expect(stdout).toContain("Nothing was changed.");
    await runOk(["cp", join(pipeline.folder, "next/SHA256SUMS"), folder]);
    const changed = await run(["sh", join(folder, "install.sh"), ...args]);
    expect(changed).toMatchObject({ code: 1, stderr: expect.stringContaining("is not by the key") });
  });

  // Debian's rpm knows none of the packages that are needed; the rest is as it is elsewhere.
  test.skipIf(!hasRoots)("an rpm is installed, upgraded and removed, and never differs", async () => {
    const { code, stdout, stderr } = await inScratchRoot(pipeline.folder, {
      files: { FIRST: fileOf(packages, "muster-agent", "rpm"), NEXT: fileOf(next, "muster-agent", "rpm") },
      script: `
        quietly() { "$@" >"$ROOT.log" 2>&1 || { cat "$ROOT.log"; exit 1; }; }
        verify() { rpm --root "$ROOT" --verify --nodeps muster-agent || true; }
        current() { readlink "$ROOT/var/lib/muster/current"; }
        quietly rpm --root "$ROOT" --install --nodeps "$FIRST"
        echo "installed: $(verify) $(current)"
        chroot "$ROOT" stat --format '%n %U:%G %a' /var/lib/muster/identity /var/lib/muster/versions
        readlink "$ROOT/var/lib/muster/config"
        echo '{"maintenance": true}' >"$ROOT/etc/muster/policy.json"
        echo '{}' >"$ROOT/etc/muster/agent.json"
        quietly rpm --root "$ROOT" --upgrade --nodeps "$NEXT"
        echo "upgraded: $(verify) $(current) $(cat "$ROOT/etc/muster/policy.json")"
        quietly rpm --root "$ROOT" --erase muster-agent
        echo "removed: $(current) $(ls "$ROOT/etc/muster" | tr '\\n' ' ')"
        ls "$ROOT/usr/lib/muster-agent" "$ROOT/usr/bin/muster-agent" 2>/dev/null || echo "nothing is left"
      `,
    });
    expect({ code, stderr, lines: stdout.trim().split("\n") }).toEqual({
      code: 0,
      stderr: expect.any(String),
      lines: [
        "installed:  versions/1.0.0",
        "/var/lib/muster/identity muster:muster 700",
        "/var/lib/muster/versions root:root 755",
        "/etc/muster",
        // What the operator has written is the operator's.
        'upgraded: S.5....T.  c /etc/muster/policy.json versions/1.0.0 {"maintenance": true}',
        "removed: versions/1.0.0 agent.json policy.json.rpmsave ",
        "nothing is left",
      ],
    });
  });
});
