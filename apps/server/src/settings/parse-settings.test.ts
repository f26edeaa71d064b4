import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parseSettings } from "./parse-settings.ts";
import { SETTINGS, settingsHelp } from "./settings.ts";

function settingsOf(args: readonly string[], env: Record<string, string> = {}) {
  const command = parseSettings(args, env);
  if (command.kind !== "serve") throw new Error("expected to serve");
  return command.settings;
}

test("without a flag everything has a safe default", () => {
  expect(settingsOf([])).toMatchObject({
    dataFolder: resolve("muster-data"),
    http: { host: "127.0.0.1", port: 8080 },
    gateway: { host: "0.0.0.0", port: 8443, downloadRate: null },
    publicUrl: null,
    trustAnchorFile: resolve("muster-data/trust-anchor.json"),
    mirrorAllow: [],
    webhookAllow: [],
    auditKeepDays: 400,
    eventKeepDays: 30,
    newAdminToken: false,
    quiet: false,
  });
});

test("flags are read", () => {
  const line =
    "--data /srv/muster --host ::1 --http-port 0 --gateway-host=10.0.0.1 --gateway-port 443 " +
    "--gateway-name gate.example --gateway-name 10.0.0.1 --public-url https://muster.example " +
    "--trust-anchor /etc/keys.json --mirror-allow a.example --mirror-allow *.b.example --web /srv/web " +
    "--new-admin-token --quiet";
  const settings = settingsOf(line.split(" "));
  expect(settings).toMatchObject({
    dataFolder: "/srv/muster",
    http: { host: "::1", port: 0 },
    gateway: { host: "10.0.0.1", port: 443 },
    trustAnchorFile: "/etc/keys.json",
    mirrorAllow: ["a.example", "*.b.example"],
    webFolder: "/srv/web",
    newAdminToken: true,
    quiet: true,
  });
  expect(settings.publicUrl?.origin).toBe("https://muster.example");
  expect(settings.gatewayNames).toEqual(expect.arrayContaining(["gate.example", "10.0.0.1", "localhost"]));
});

test.each([
  ["10MB/s", 10_000_000],
  ["1.5 GB/s", 1_500_000_000],
])("a download rate of %s is read", (rate, downloadRate) => {
  expect(settingsOf(["--download-rate", rate]).gateway).toMatchObject({ downloadRate });
});

test("the environment is read, and a flag wins over it", () => {
  const env = {
    MUSTER_HTTP_PORT: "1",
    MUSTER_GATEWAY_PORT: "2",
    MUSTER_MIRROR_ALLOW: "a.example, b.example",
    MUSTER_QUIET: "1",
  };
  expect(settingsOf(["--http-port", "3"], env)).toMatchObject({
    http: { port: 3 },
    gateway: { port: 2 },
    mirrorAllow: ["a.example", "b.example"],
    quiet: true,
  });
});

test("--help is its own command, and its text names every flag and variable", () => {
  expect(parseSettings(["--help"], {})).toEqual({ kind: "help" });
  for (const { flag, env } of Object.values(SETTINGS)) {
    expect(settingsHelp()).toContain(`--${flag}`);
    expect(settingsHelp()).toContain(env);
  }
  for (const line of settingsHelp().split("\n")) expect(line.length).toBeLessThanOrEqual(100);
});

describe.each([
  ["--http-port", ["-1", "65536", "x", "80.5", "0x50", " 80"]],
  ["--gateway-port", ["99999", ""]],
  ["--webhook-allow", ["a b", "http://a", "a:99999"]],
  ["--audit-keep-days", ["-1", "x", ""]],
  ["--event-keep-days", ["0", "1.5"]],
  ["--download-rate", ["10", "10MB", "1kB/s", "-5MB/s", ""]],
  ["--host", ["a b", "http://a", ""]],
  ["--gateway-host", ["..", "a/b"]],
  ["--gateway-name", ["*", "a_b", "https://gate.example", "a,b"]],
  ["--public-url", ["muster.example", "ftp://muster.example", "https://muster.example/path", "https://u@a"]],
  ["--mirror-allow", ["https://a.example", "a/b", ""]],
])("%s", (flag, values) => {
  test.each(values)("refuses %j", (value) => {
    expect(() => parseSettings([`${flag}=${value}`], {})).toThrow(
      expect.objectContaining({ code: "SERVER_CONFIG_INVALID" }),
    );
  });
});

test.each(["MUSTER_HTTP_PORT", "MUSTER_QUIET", "MUSTER_PUBLIC_URL"])(
  "a wrong %s is refused by name",
  (variable) => {
    expect(() => parseSettings([], { [variable]: "maybe?" })).toThrow(new RegExp(variable));
  },
);

test.each([["--port", "1"], ["extra"], ["--quiet=1"], ["--data"]])("%j is no usage", (...args) => {
  expect(() => parseSettings(args, {})).toThrow(expect.objectContaining({ code: "USAGE_INVALID" }));
});
