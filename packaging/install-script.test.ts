import { spawnSync } from "node:child_process";
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, chmodSync, existsSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { spawn } from "node:child_process";
import { describe, expect, onTestFinished, test } from "vitest";
import { publicKeyPem, writeChecksums } from "./checksums.ts";
import { writeInstallScript } from "./install-script.ts";
import { put, REPOSITORY, temporaryFolder } from "./testing/stand-ins.ts";

const DEB = "muster-agent_1.2.3_amd64.deb";
const SERVER = ["--server", "gateway.example.com:8443", "--token", "muster1.a.b-c_d.e"];
const newKey = () => generateKeyPairSync("ed25519").privateKey;
const opensslVersion = spawnSync("openssl", ["version"], { encoding: "utf8" }).stdout ?? "";
const canRun = /^OpenSSL ([3-9]|\d\d)/.test(opensslVersion) && existsSync("/etc/debian_version");

/** Programs of a Debian host that say what they were asked to do, and one that is enrolled when it was asked to be. */
const PROGRAMS: Readonly<Record<string, string>> = {
  id: "echo 0",
  uname: 'case "$1" in -m) echo x86_64 ;; *) echo Linux ;; esac',
  "apt-get":
    'for file; do :; done; echo "apt-get $1 $(basename "$file")" >>"$CALLS"; echo "ii 1.2.3" >"$INSTALLED"',
  "dpkg-query": 'cat "$INSTALLED" 2>/dev/null',
  systemctl: 'echo "systemctl $*" >>"$CALLS"',
  "muster-agent": `case "$1" in
  status) [ -f "$ENROLLED" ] && echo "Agent 1" ;;
  enroll)
    echo "muster-agent $*" | sed "s|--bundle [^ ]*|--bundle FILE|" >>"$CALLS"
    while [ "$1" != --bundle ]; do shift; done
    cat "$2" >>"$CALLS"
    touch "$ENROLLED" ;;
esac`,
};

interface Host {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** What was changed on it. */
  calls(): readonly string[];
}

function debianHost(): Host {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(PROGRAMS))
    chmodSync(put(join(folder, "bin", name), `#!/bin/sh\n${text}\n`), 0o755);
  const calls = join(folder, "calls");
  return {
    folder,
    env: {
      PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
      CALLS: calls,
      INSTALLED: join(folder, "installed"),
      ENROLLED: join(folder, "enrolled"),
      TMPDIR: folder,
    },
    calls: () => (existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : []),
  };
}

/** A folder as `npm run package` leaves it. */
function packagesFolder(key: KeyObject | null, pinned = key): string {
  const folder = temporaryFolder();
  put(join(folder, DEB), "stands for a package");
  // Of an earlier build, perhaps with other keys in it: this build does not vouch for it.
  put(join(folder, "muster-agent_1.2.2_amd64.deb"), "stands for an older one");
  writeChecksums(folder, "1.2.3", key);
  writeInstallScript(REPOSITORY, folder, { version: "1.2.3", publicKey: pinned && publicKeyPem(pinned) });
  return folder;
}

function install(host: Host, folder: string, args: readonly string[]) {
  const script = join(folder, "install.sh");
  const { status, stdout, stderr } = spawnSync("sh", [script, ...args], { env: host.env, encoding: "utf8" });
  return { status, stdout, stderr };
}

describe.skipIf(!canRun)("install.sh", () => {
  test("verifies, installs, enrols, and at the second time does nothing", () => {
    const host = debianHost();
    const folder = packagesFolder(newKey());
    const args = [...SERVER, "--product", "acme", "--label", "env=test", "--label", "rack=r 1"];
    expect(install(host, folder, args)).toMatchObject({ status: 0, stderr: "" });
    const labels = "--label env=test --label rack=r 1";
    const done = [
      `apt-get install ${DEB}`,
      `muster-agent enroll --server gateway.example.com:8443 --bundle FILE ${labels} --product acme`,
      '{"token":"muster1.a.b-c_d.e"}',
    ];
    expect(host.calls().filter((line) => !line.startsWith("systemctl"))).toEqual(done);
    const again = install(host, folder, args);
    expect(again).toMatchObject({ status: 0, stderr: "" });
    expect(again.stdout).toContain("Already installed: muster-agent 1.2.3\nAlready enrolled:\nAgent 1\n");
    expect(host.calls().filter((line) => !line.startsWith("systemctl"))).toEqual(done);
  });

  test("changes nothing in a dry run, and leaves nothing behind", () => {
    const host = debianHost();
    const { status, stdout } = install(host, packagesFolder(newKey()), [...SERVER, "--dry-run"]);
    expect({ status, calls: host.calls() }).toEqual({ status: 0, calls: [] });
    expect(stdout).toContain(`Verified: ${DEB}`);
    expect(spawnSync("ls", [host.folder], { encoding: "utf8" }).stdout.trim()).toBe("bin");
  });

  test("fetches from an address", async () => {
    const folder = packagesFolder(newKey());
    const server = createServer((request, response) => {
      response.end(readFileSync(join(folder, basename(request.url ?? ""))));
    });
    onTestFinished(() => void server.close());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const host = debianHost();
    const args = ["--from", `http://127.0.0.1:${port}/muster`];
    const child = spawn("sh", [join(folder, "install.sh"), ...args], { env: host.env, stdio: "ignore" });
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(host.calls()).toEqual([`apt-get install ${DEB}`]);
  });

  test.for<[string, (folder: string) => void, string]>([
    [
      "a package that was changed",
      (folder) => appendFileSync(join(folder, DEB), "x"),
      "is not what was signed",
    ],
    [
      "checksums that were changed",
      (folder) => {
        appendFileSync(join(folder, DEB), "x");
        const digest = createHash("sha256")
          .update(readFileSync(join(folder, DEB)))
          .digest("hex");
        put(join(folder, "SHA256SUMS"), `${digest}  ${DEB}\n`);
      },
      "is not by the key",
    ],
    [
      "checksums that another key has signed",
      (folder) => writeChecksums(folder, "1.2.3", newKey()),
      "is not by the key",
    ],
    ["a signature that is missing", (folder) => rmSync(join(folder, "SHA256SUMS.sig")), "could not be read"],
    [
      "another version under the same key",
      (folder) => put(join(folder, "SHA256SUMS"), ""),
      "is not by the key",
    ],
  ])("refuses %s, and installs nothing", ([, change, problem]) => {
    const host = debianHost();
    const folder = packagesFolder(newKey());
    change(folder);
    const { status, stderr } = install(host, folder, SERVER);
    expect({ status, calls: host.calls() }).toEqual({ status: 1, calls: [] });
    expect(stderr).toContain(problem);
  });

  test("refuses a folder without its version, and says what there is", () => {
    const host = debianHost();
    const key = newKey();
    const folder = packagesFolder(key);
    writeInstallScript(REPOSITORY, folder, { version: "1.2.4", publicKey: publicKeyPem(key) });
    const { status, stderr } = install(host, folder, SERVER);
    expect(status).toBe(1);
    expect(stderr).toContain(`has no muster-agent_1.2.4_amd64.deb.\n  It has: ${DEB}`);
  });

  test("enrols with nothing but a token", () => {
    const host = debianHost();
    const { status, stderr } = install(host, packagesFolder(newKey()), ["--server", "a:1", "--token", 'a"b']);
    expect({ status, calls: host.calls() }).toEqual({ status: 1, calls: [`apt-get install ${DEB}`] });
    expect(stderr).toContain("characters that no token has");
  });

  test("takes a key that is given, in place of the one in it", () => {
    const [right, wrong] = [newKey(), newKey()];
    const folder = packagesFolder(right, wrong);
    const run = (key: KeyObject) => {
      const file = put(join(temporaryFolder(), "key.pem"), publicKeyPem(key));
      return install(debianHost(), folder, ["--key", file]).status;
    };
    expect([run(right), run(wrong)]).toEqual([0, 1]);
  });

  test("takes the key beside the packages only if it has the fingerprint", () => {
    const key = newKey();
    const folder = packagesFolder(key, null);
    const der = createPublicKey(key).export({ type: "spki", format: "der" });
    const fingerprint = createHash("sha256").update(der).digest("hex");
    const run = (text: string) => install(debianHost(), folder, ["--fingerprint", text]);
    expect(run(fingerprint.toUpperCase()).status).toBe(0);
    expect(run("00".repeat(32))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`has the fingerprint ${fingerprint}`),
    });
  });

  test.for<[string, readonly string[], string]>([
    ["no key at all", [], "built without a key"],
    ["a server without a token", SERVER.slice(0, 2), "--token is missing"],
    ["a label without a server", ["--label", "a=b"], "--server is missing"],
    ["a label that is none", ["--label", "ab"], "KEY=VALUE"],
    ["an option without its value", ["--label", "a=b", "--server"], "--server takes a value"],
    ["an option that is none", ["--force"], "no option --force"],
    ["a place that is not there", ["--from", "/nowhere"], "/nowhere/SHA256SUMS could not be read"],
  ])("says of %s what to do", ([, args, problem]) => {
    const host = debianHost();
    const { status, stderr } = install(host, packagesFolder(newKey(), null), args);
    expect({ status, calls: host.calls() }).toEqual({ status: 1, calls: [] });
    expect(stderr).toMatch(/^[^\n]*install\.sh: [^\n]+\n {2}[^\n]+\n$|could not be read/);
    expect(stderr).toContain(problem);
  });
});
