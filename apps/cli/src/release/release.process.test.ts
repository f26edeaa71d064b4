import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { archiveOf, GOOD_TREE } from "../testing/archives.ts";
import { runProcess } from "../testing/run-process.ts";
import { runMuster } from "../testing/test-terminal.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const AMD64 = "acme-agent_1.0.0_linux_amd64.tar.gz";
const ARM64 = "acme-agent_1.0.0_linux_arm64.tar.gz";
const MANIFEST = "acme-agent-release-manifest.json";

type Folder = Awaited<ReturnType<typeof temporaryFolder>>;
let folder: Folder;

/** As a process of its own, in the folder. */
const muster = (...args: readonly string[]) =>
  runProcess(args, { cwd: folder.path, env: { NODE_COMPILE_CACHE: folder.at("compile-cache") } });

/** A copy of the signed release that a test may spoil. */
async function copyOfRelease(name: string): Promise<string> {
  const to = folder.at(name);
  await mkdir(to);
  for (const file of [AMD64, ARM64, MANIFEST, `${MANIFEST}.sig`]) {
    await copyFile(folder.at("release", file), `${to}/${file}`);
  }
  return to;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(folder.at("release"));
  await writeFile(folder.at("release", AMD64), await archiveOf(GOOD_TREE));
  await writeFile(
    folder.at("release", ARM64),
    await archiveOf([...GOOD_TREE, { name: "extra", content: "x" }]),
  );
  for (const [step, ...args] of [
    ["keygen", "alice"],
    ["keygen", "bob"],
    ["keygen", "mallory"],
    ["anchor", "alice.pub", "bob.pub", "--threshold", "2"],
    ["build", "release", "--entrypoint", "bin/agent", "--notes", "First"],
    ["sign", "release", "--key", "alice.key"],
    ["sign", "release", "--key", "bob.key"],
  ] as const) {
    const { code, stderr } = await muster("release", step, ...args);
    if (code !== 0) throw new Error(`${step}: ${stderr}`);
  }
});
afterAll(() => folder[Symbol.asyncDispose]());

describe("from keys to a verified release", () => {
  test("private keys are readable by their owner only, public ones by all", async () => {
    expect((await stat(folder.at("alice.key"))).mode & 0o777).toBe(0o600);
    expect((await stat(folder.at("alice.pub"))).mode & 0o777).toBe(0o644);
  });

  test("the manifest is canonical and lists every file", async () => {
    const bytes = await readFile(folder.at("release", MANIFEST), "utf8");
    expect(
      bytes.startsWith('{"artifacts":[{"arch":"amd64","entrypoint":"bin/agent","files":[{"mode":"0755"'),
    ).toBe(true);
    expect(bytes.endsWith("}")).toBe(true);
    expect(JSON.parse(bytes)).toMatchObject({
      product: "acme-agent",
      version: "1.0.0",
      channel: "stable",
      notes: "First",
    });
  });

  test("two signatures of two verify, in words and as JSON", async () => {
    const words = await muster("release", "verify", "release", "--trust-anchor", "trust-anchor.json");
    expect(words).toMatchObject({ code: 0, stderr: "" });
    expect(words.stdout).toContain("acme-agent 1.0.0 (stable) is signed by alice, bob; 2 needed");
    const json = await muster(
      "release",
      "verify",
      "release",
      "--trust-anchor",
      "trust-anchor.json",
      "--json",
    );
    expect(JSON.parse(json.stdout)).toMatchObject({
      product: "acme-agent",
      version: "1.0.0",
      signers: ["alice", "bob"],
      threshold: 2,
      archives: [
        { os: "linux", arch: "amd64", archive: AMD64, present: true },
        { os: "linux", arch: "arm64", archive: ARM64, present: true },
      ],
    });
  });

  test("what fails says so on stderr only, and exits with the code of its kind", async () => {
    const args = ["release", "verify", "release", "--trust-anchor", "trust-anchor.json"];
    await muster("release", "anchor", "mallory.pub", "--threshold", "1", "--out", "mallory.json");
    const cases = [
      [[...args.slice(0, -1), "mallory.json"], 4, "SIGNATURE_INVALID"],
      [["release", "frobnicate"], 2, "USAGE_INVALID"],
      [["agents", "--server", "http://127.0.0.1:9"], 5, "SERVER_UNREACHABLE"],
    ] as const;
    for (const [line, exit, code] of cases) {
      expect(await muster(...line)).toMatchObject({
        code: exit,
        stdout: "",
        stderr: expect.stringMatching(new RegExp(`^error ${code}: .+\n.+\n$`)),
      });
    }
  });

  test("an encrypted key signs with its passphrase only", async () => {
    await writeFile(folder.at("passphrase"), "correct horse\n");
    const copy = await copyOfRelease("encrypted");
    await muster("release", "keygen", "carol", "--passphrase-file", "passphrase", "--json");
    const sign = ["release", "sign", copy, "--key", "carol.key"];
    expect(await muster(...sign)).toMatchObject({ code: 4, stderr: expect.stringContaining("KEY_INVALID") });
    expect(await muster(...sign, "--passphrase-file", "passphrase")).toMatchObject({ code: 0 });
    const wrong = await runProcess(sign, { cwd: folder.path, env: { MUSTER_KEY_PASSPHRASE: "wrong" } });
    expect(wrong).toMatchObject({ code: 4, stderr: expect.stringContaining("KEY_INVALID") });
  });

  test("building again gives the same bytes and leaves the signatures", async () => {
    const copy = await copyOfRelease("again");
    const before = await readFile(`${copy}/${MANIFEST}`);
    expect(
      await muster("release", "build", copy, "--entrypoint", "bin/agent", "--notes", "First"),
    ).toMatchObject({ code: 0 });
    expect(await readFile(`${copy}/${MANIFEST}`)).toEqual(before);
    expect(await stat(`${copy}/${MANIFEST}.sig`)).toBeDefined();
  });

  test("other content needs --force, and its signatures go", async () => {
    const copy = await copyOfRelease("changed");
    const build = ["release", "build", copy, "--entrypoint", "bin/agent", "--notes", "Second"];
    expect(await muster(...build)).toMatchObject({ code: 2, stderr: expect.stringContaining("--force") });
    expect(await muster(...build, "--force")).toMatchObject({ code: 0 });
    await expect(stat(`${copy}/${MANIFEST}.sig`)).rejects.toThrow("ENOENT");
  });
});

/** In this process: what a process adds is tested above. */
const run = (...args: readonly string[]) => runMuster(args);

const refused = (code: string, exit: number) => ({
  code: exit,
  stdout: "",
  stderr: expect.stringMatching(new RegExp(`^error ${code}: .+\n.+\n$`)),
});

const verify = (path: string, ...more: readonly string[]) =>
  run("release", "verify", path, "--trust-anchor", folder.at("trust-anchor.json"), ...more);

describe("wrong input is refused with its code, exit code and nothing on stdout", () => {
  test("one signature of two", async () => {
    const copy = await copyOfRelease("one-signature");
    const file = JSON.parse(await readFile(`${copy}/${MANIFEST}.sig`, "utf8"));
    file.signatures.pop();
    await writeFile(`${copy}/${MANIFEST}.sig`, JSON.stringify(file));
    expect(await verify(copy)).toMatchObject(refused("SIGNATURE_INVALID", 4));
    const { stderr } = await verify(copy, "--json");
    expect(JSON.parse(stderr)).toMatchObject({
      code: "SIGNATURE_INVALID",
      details: { needed: 2, valid: 1, by: ["alice"], missing: ["bob"] },
    });
  });

  test("the same key twice", async () => {
    const copy = await copyOfRelease("same-key");
    const file = JSON.parse(await readFile(`${copy}/${MANIFEST}.sig`, "utf8"));
    file.signatures = [file.signatures[0], { ...file.signatures[0], keyid: file.signatures[1].keyid }];
    await writeFile(`${copy}/${MANIFEST}.sig`, JSON.stringify(file));
    expect(await verify(copy)).toMatchObject(refused("SIGNATURE_INVALID", 4));
  });

  test("a stranger's anchor", async () => {
    await run(
      "release",
      "anchor",
      folder.at("mallory.pub"),
      "--threshold",
      "1",
      "--out",
      folder.at("stranger.json"),
    );
    const result = await run(
      "release",
      "verify",
      folder.at("release"),
      "--trust-anchor",
      folder.at("stranger.json"),
    );
    expect(result).toMatchObject(refused("SIGNATURE_INVALID", 4));
  });

  test("a manifest that was changed, or only reformatted", async () => {
    const copy = await copyOfRelease("changed-manifest");
    const text = await readFile(`${copy}/${MANIFEST}`, "utf8");
    await writeFile(`${copy}/${MANIFEST}`, text.replace("1.0.0", "6.6.6"));
    expect(await verify(copy)).toMatchObject(refused("SIGNATURE_INVALID", 4));
    await writeFile(`${copy}/${MANIFEST}`, JSON.stringify(JSON.parse(text), null, 2));
    expect(await run("release", "sign", copy, "--key", folder.at("alice.key"))).toMatchObject(
      refused("MANIFEST_NOT_CANONICAL", 4),
    );
  });

  test("an archive of another size, and one of the same size", async () => {
    const copy = await copyOfRelease("changed-archive");
    const bytes = await readFile(`${copy}/${AMD64}`);
    await writeFile(`${copy}/${AMD64}`, bytes.subarray(1));
    expect(await verify(copy)).toMatchObject(refused("ARTIFACT_SIZE_MISMATCH", 4));
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    await writeFile(`${copy}/${AMD64}`, bytes);
    expect(await verify(copy)).toMatchObject(refused("ARTIFACT_DIGEST_MISMATCH", 4));
  });

  test("a signature file that is damaged or missing", async () => {
    const copy = await copyOfRelease("damaged-signature");
    await writeFile(`${copy}/${MANIFEST}.sig`, "{");
    expect(await verify(copy)).toMatchObject(refused("SIGNATURE_MALFORMED", 4));
    const unsigned = folder.at("unsigned");
    await mkdir(unsigned);
    await copyFile(folder.at("release", MANIFEST), `${unsigned}/${MANIFEST}`);
    expect(await verify(unsigned)).toMatchObject(refused("FILE_NOT_READABLE", 4));
  });

  test("archives that have to be there and are not", async () => {
    const bare = folder.at("bare");
    await mkdir(bare);
    for (const file of [MANIFEST, `${MANIFEST}.sig`])
      await copyFile(folder.at("release", file), `${bare}/${file}`);
    expect(await verify(bare)).toMatchObject({ code: 0, stdout: expect.stringContaining("not here") });
    expect(await verify(bare, "--require-archives")).toMatchObject(refused("ARTIFACT_NOT_FOUND", 3));
  });

  test("an anchor that asks for more keys than it has, or holds one twice", async () => {
    const anchor = (...args: readonly string[]) =>
      run("release", "anchor", ...args, "--out", folder.at("bad.json"));
    expect(await anchor(folder.at("alice.pub"), "--threshold", "2")).toMatchObject(
      refused("TRUST_ANCHOR_INVALID", 4),
    );
    expect(await anchor(folder.at("alice.pub"), folder.at("alice.pub"), "--threshold", "1")).toMatchObject(
      refused("TRUST_ANCHOR_INVALID", 4),
    );
    expect(await anchor(folder.at("alice.key"), "--threshold", "1")).toMatchObject(refused("KEY_INVALID", 4));
  });

  test("a key that is there already", async () => {
    const before = await readFile(folder.at("alice.key"));
    expect(await run("release", "keygen", "alice", "--out", folder.at("alice"))).toMatchObject(
      refused("FILE_NOT_WRITABLE", 1),
    );
    expect(await readFile(folder.at("alice.key"))).toEqual(before);
  });

  test.each([
    ["an entrypoint that is not in the archive", ["--entrypoint", "bin/other"], "MANIFEST_INVALID", 4],
    ["an entrypoint that is not executable", ["--entrypoint", "share/notes.txt"], "MANIFEST_INVALID", 4],
    ["no entrypoint", [], "USAGE_INVALID", 2],
    ["a floor above the version", ["--entrypoint", "bin/agent", "--floor", "2.0.0"], "MANIFEST_INVALID", 4],
    [
      "an address that is not https",
      ["--entrypoint", "bin/agent", "--base-url", "http://x.example"],
      "USAGE_INVALID",
      2,
    ],
    ["a product that is not there", ["--entrypoint", "bin/agent", "--product", "other"], "USAGE_INVALID", 2],
  ] as const)("a build with %s", async (_what, args, code, exit) => {
    expect(await run("release", "build", folder.at("release"), ...args)).toMatchObject(refused(code, exit));
  });

  test("an archive with a link in it, and one with a wrong name", async () => {
    const linked = folder.at("linked");
    await mkdir(linked);
    const evil = [...GOOD_TREE, { name: "link", type: "symlink", linkname: "/etc/passwd" } as const];
    await writeFile(`${linked}/${AMD64}`, await archiveOf(evil));
    const build = ["release", "build", linked, "--entrypoint", "bin/agent"];
    expect(await run(...build)).toMatchObject(refused("ARCHIVE_ENTRY_FORBIDDEN", 4));
    await writeFile(`${linked}/acme.tar.gz`, "");
    expect(await run(...build)).toMatchObject(refused("USAGE_INVALID", 2));
    await expect(stat(`${linked}/${MANIFEST}`)).rejects.toThrow("ENOENT");
  });

  test.each([
    ["an unknown command", ["release", "frobnicate"]],
    ["a group without a command", ["rollout"]],
    ["an unknown option", ["release", "list", "--frobnicate"]],
    ["an argument too many", ["release", "verify", "a", "b", "--trust-anchor", "c"]],
    ["no server", ["agents"]],
    ["a server that is no address", ["agents", "--server", "muster.example"]],
    [
      "a rollout without a plan",
      ["rollout", "create", "acme-agent", "1.0.0", "--all", "--server", "http://127.0.0.1:9"],
    ],
  ])("%s", async (_what, args) => {
    expect(await run(...args)).toMatchObject(refused("USAGE_INVALID", 2));
  });

  test("a server that nobody answers at", async () => {
    expect(await run("agents", "--server", "http://127.0.0.1:9")).toMatchObject(
      refused("SERVER_UNREACHABLE", 5),
    );
  });
});

test("help is help and exits with 0", async () => {
  for (const args of [[], ["--help"], ["release", "build", "--help"]]) {
    expect(await muster(...args)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Usage: muster"),
      stderr: "",
    });
  }
});
