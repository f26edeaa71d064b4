import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildPackages } from "./build-packages.ts";
import { PACKAGES } from "./packages.ts";
import { packageScripts } from "./scriptlets.ts";
import { put, REPOSITORY, smallRequest, temporaryFolder } from "./testing/stand-ins.ts";

const isThere = (program: string) => spawnSync(program, ["--version"]).status === 0;
const scripts = PACKAGES.flatMap((description) =>
  (["deb", "rpm"] as const).flatMap((format) =>
    Object.entries(packageScripts(REPOSITORY, description, format)).map(([name, text]) => ({
      title: `${description.name} ${format} ${name}`,
      text,
    })),
  ),
);
const programs = [
  "packaging/install.sh",
  ...["muster-agent", "muster-updater"].map((name) => `packaging/agent/bin/${name}`),
  ...["muster-server", "muster"].map((name) => `packaging/server/bin/${name}`),
];

test.for(scripts)("$title is a script that a plain sh reads", ({ text }) => {
  expect(spawnSync("sh", ["-n"], { input: text, encoding: "utf8" }).stderr).toBe("");
});

test.skipIf(!isThere("shellcheck"))("shellcheck has nothing to say of any script", () => {
  const folder = temporaryFolder();
  const files = scripts.map(({ title, text }) => put(join(folder, title.replaceAll(" ", "-")), text));
  const { stdout } = spawnSync("shellcheck", [...files, ...programs], { cwd: REPOSITORY, encoding: "utf8" });
  expect(stdout).toBe("");
});

test.skipIf(!isThere("lintian") || !isThere("dpkg-deb"))(
  "lintian finds no error and no warning that is not explained",
  { timeout: 180_000 },
  () => {
    const files = buildPackages(smallRequest({ compression: "fast" })).map(({ file }) => file);
    const args = ["--allow-root", "--tag-display-limit", "0", ...files];
    const { stdout } = spawnSync("lintian", args, { encoding: "utf8" });
    expect(stdout).toBe("");
  },
);

const UPDATER = `#!/bin/sh
[ "$STATUS" != fails ] && echo "$STATUS"
`;
/** A systemd whose answers a test gives; what it is asked to change is printed. */
const DECISION = `
systemd_runs() { true; }
is_active() { case " $ACTIVE " in *" $1 "*) true ;; *) false ;; esac; }
start_unit() { echo "start $1"; }
restart_unit() { echo "restart $1"; }
say() { :; }
start_or_restart
`;

function status(state: object | null, updaterPid: number | null = null): string {
  return JSON.stringify({ state, updaterPid });
}

describe("an upgrade of the package", () => {
  const agent = packageScripts(REPOSITORY, PACKAGES[0]!, "deb")["prerm"] ?? "";
  const steady = status({ kind: "steady" });
  const running = "muster-agent.service muster-updater.path";

  function done(given: { active?: string; status?: string; isHandedOver?: boolean }): readonly string[] {
    const state = temporaryFolder();
    mkdirSync(join(state, "staging"));
    spawnSync("ln", ["-s", "versions/1.0.0", join(state, "current")]);
    if (given.isHandedOver) put(join(state, "staging/handoff.json"), "{}");
    // The same functions, on another state folder, with this Node for the package's.
    const text = `${agent}\nSTATE=${state}\n${DECISION}`.replaceAll(
      "/usr/lib/muster-agent/node",
      process.execPath,
    );
    const script = put(join(state, "script"), text);
    chmodSync(put(join(state, "bin/muster-updater"), UPDATER), 0o755);
    const path = `${join(state, "bin")}:${process.env["PATH"]}`;
    const env = {
      ...process.env,
      PATH: path,
      ACTIVE: given.active ?? running,
      STATUS: given.status ?? steady,
    };
    const { stdout, status: code } = spawnSync("sh", [script, "upgrade"], { env, encoding: "utf8" });
    expect(code).toBe(0);
    return stdout.trim() === "" ? [] : stdout.trim().split("\n");
  }

  test("restarts a host at rest, and lets the updater look at the new package", () => {
    expect(done({})).toEqual([
      "restart muster-updater.path",
      "restart muster-agent.service",
      "start muster-updater.service",
    ]);
  });

  test("starts what does not run", () => {
    expect(done({ active: "" })).toEqual(["start muster-updater.path", "start muster-agent.service"]);
  });

  test.for<[string, Parameters<typeof done>[0]]>([
    ["a version is on probation", { status: status({ kind: "probation" }) }],
    ["a version is being taken back", { status: status({ kind: "rolling_back" }) }],
    ["an updater works", { status: status({ kind: "steady" }, 42) }],
    ["the updater's unit works", { active: `${running} muster-updater.service` }],
    ["the recovery works", { active: `${running} muster-recovery.service` }],
    ["something was handed over", { isHandedOver: true }],
    ["the state cannot be read", { status: "fails" }],
    ["the agent is down between two versions", { active: "muster-updater.service" }],
  ])("touches nothing while %s", ([, given]) => {
    expect(done(given)).toEqual([]);
  });
});
