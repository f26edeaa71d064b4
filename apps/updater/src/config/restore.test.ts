import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { preparedHost, type PreparedHost } from "../testing/prepared-host.ts";
import { recordingFs } from "../testing/recording-fs.ts";
import { backUpConfig, backupFolder } from "./backup.ts";
import { restoreConfig } from "./restore.ts";

let prepared: PreparedHost;
let config: string;
const at = (name: string) => `${config}/${name}`;
const restore = () => restoreConfig(prepared.host, { of: "1.0.0", leaving: "1.1.0" });

beforeEach(async () => {
  prepared = await preparedHost();
  config = prepared.layout.config;
  mkdirSync(at("conf.d"));
  writeFileSync(at("agent.json"), "{}");
  writeFileSync(at("conf.d/secret.conf"), "secret", { mode: 0o600 });
  backUpConfig(prepared.host, "1.0.0");
});

describe("a configuration that is given back", () => {
  test("has the content and the modes it had", () => {
    writeFileSync(at("agent.json"), '{"migrated":true}');
    writeFileSync(at("conf.d/secret.conf"), "told");
    chmodSync(at("conf.d/secret.conf"), 0o644);
    restore();
    expect(readFileSync(at("agent.json"), "utf8")).toBe("{}");
    expect(readFileSync(at("conf.d/secret.conf"), "utf8")).toBe("secret");
    expect(statSync(at("conf.d/secret.conf")).mode & 0o777).toBe(0o600);
  });

  test("has again what was removed, with its folder, and not what was added", () => {
    rmSync(at("conf.d"), { recursive: true });
    writeFileSync(at("added.conf"), "new");
    restore();
    expect(readFileSync(at("conf.d/secret.conf"), "utf8")).toBe("secret");
    expect(existsSync(at("added.conf"))).toBe(false);
  });

  test("has its files where the new version had made folders and links", () => {
    rmSync(at("agent.json"));
    mkdirSync(at("agent.json/inside"), { recursive: true });
    writeFileSync(at("agent.json/inside/file"), "");
    rmSync(at("conf.d"), { recursive: true });
    symlinkSync("/tmp", at("conf.d"));
    restore();
    expect(readFileSync(at("agent.json"), "utf8")).toBe("{}");
    expect(readFileSync(at("conf.d/secret.conf"), "utf8")).toBe("secret");
    expect(existsSync("/tmp/secret.conf")).toBe(false);
  });

  test("keeps what the leaving version had made of it", () => {
    writeFileSync(at("agent.json"), '{"migrated":true}');
    restore();
    expect(readFileSync(`${backupFolder(prepared.host, "1.1.0")}/config/agent.json`, "utf8")).toBe(
      '{"migrated":true}',
    );
  });

  test("keeps the owner's links, and the owner's policy as it is now", () => {
    symlinkSync("/etc/hostname", at("hostname"));
    writeFileSync(at("policy.json"), '{"updates":false}');
    restore();
    expect(existsSync(at("hostname"))).toBe(true);
    expect(readFileSync(at("policy.json"), "utf8")).toBe('{"updates":false}');
  });

  test("that did not change is not written to", () => {
    const { fs, operations } = recordingFs();
    restoreConfig({ ...prepared.host, fs }, { of: "1.0.0", leaving: "1.1.0" });
    expect(operations).toEqual([]);
  });

  test("given back twice is the same", () => {
    writeFileSync(at("agent.json"), '{"migrated":true}');
    restore();
    restore();
    expect(readFileSync(at("agent.json"), "utf8")).toBe("{}");
  });
});

test("without a backup nothing is done", () => {
  writeFileSync(at("agent.json"), '{"migrated":true}');
  restoreConfig(prepared.host, { of: "0.5.0", leaving: "1.1.0" });
  expect(readFileSync(at("agent.json"), "utf8")).toBe('{"migrated":true}');
});

test("a backup can be read by its owner only", () => {
  expect(statSync(prepared.layout.backups).mode & 0o777).toBe(0o700);
});
