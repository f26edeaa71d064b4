import { X509Certificate } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { prepareDataFolder } from "./data-folder.ts";
import { keepGatewayCertificate, keepIdentities } from "./identities.ts";
import { keepFile } from "./kept-file.ts";

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 0, 1);
let base: string;
let count = 0;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "muster-server-"));
});
afterAll(() => rm(base, { recursive: true, force: true }));

async function newFolder(): Promise<string> {
  count += 1;
  const path = join(base, String(count));
  await mkdir(path);
  return path;
}

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

const refuse = () => {
  throw new Error("is damaged");
};

const filesIn = (folder: string) => ({
  authority: join(folder, "authority.pem"),
  assignmentKey: join(folder, "assignment-key.pem"),
});

describe("the data folder", () => {
  test("is made with its parents, for its owner only", async () => {
    const path = join(await newFolder(), "a", "b");
    const { database } = await prepareDataFolder(path);
    expect(database).toBe(join(path, "muster.db"));
    expect(await modeOf(path)).toBe("700");
  });

  test("that is open to others is closed if it is ours or empty", async () => {
    const empty = await newFolder();
    await chmod(empty, 0o755);
    await prepareDataFolder(empty);
    expect(await modeOf(empty)).toBe("700");
    await writeFile(join(empty, "muster.db"), "");
    await writeFile(join(empty, "other"), "");
    await chmod(empty, 0o750);
    await prepareDataFolder(empty);
    expect(await modeOf(empty)).toBe("700");
  });

  test("may hold a trust anchor before the first start", async () => {
    const path = await newFolder();
    await writeFile(join(path, "trust-anchor.json"), "{}");
    await expect(prepareDataFolder(path)).resolves.toMatchObject({ objects: join(path, "objects") });
  });

  test("is not a folder of something else, which is left as it is", async () => {
    const path = await newFolder();
    await writeFile(join(path, "photos"), "");
    await chmod(path, 0o755);
    await expect(prepareDataFolder(path)).rejects.toMatchObject({
      code: "SERVER_CONFIG_INVALID",
      details: { found: ["photos"] },
    });
    expect(await modeOf(path)).toBe("755");
  });

  test("is not a file", async () => {
    const path = join(await newFolder(), "file");
    await writeFile(path, "");
    await expect(prepareDataFolder(path)).rejects.toMatchObject({ code: "SERVER_CONFIG_INVALID" });
  });
});

describe("a kept file", () => {
  test("is made once, for its owner only, and leaves no draft", async () => {
    const folder = await newFolder();
    const path = join(folder, "key");
    let made = 0;
    const wish = { make: () => `made ${(made += 1)}`, read: (text: string) => text };
    expect(await keepFile(path, wish)).toBe("made 1");
    expect(await keepFile(path, wish)).toBe("made 1");
    expect(await modeOf(path)).toBe("600");
    expect(await readdir(folder)).toEqual(["key"]);
  });

  test("that cannot be used is reported and never replaced", async () => {
    const path = join(await newFolder(), "key");
    await writeFile(path, "damaged");
    await expect(keepFile(path, { make: () => "new", read: refuse })).rejects.toMatchObject({
      code: "FILE_NOT_READABLE",
      details: { path },
    });
    expect(await readFile(path, "utf8")).toBe("damaged");
  });
});

describe("the identities", () => {
  test("are the same at every start, in files for their owner only", async () => {
    const files = filesIn(await newFolder());
    const first = await keepIdentities(files, NOW);
    const second = await keepIdentities(files, NOW + DAY_MS);
    expect(second.authority).toEqual(first.authority);
    expect(second.assignmentKey.equals(first.assignmentKey)).toBe(true);
    expect(await modeOf(files.authority)).toBe("600");
    expect(await modeOf(files.assignmentKey)).toBe("600");
  });

  test.each(["", "damaged", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])(
    "an authority that reads %j is refused and kept",
    async (text) => {
      const files = filesIn(await newFolder());
      await writeFile(files.authority, text);
      await expect(keepIdentities(files, NOW)).rejects.toMatchObject({ code: "FILE_NOT_READABLE" });
      expect(await readFile(files.authority, "utf8")).toBe(text);
    },
  );

  test("a key of another certificate is refused", async () => {
    const [one, other] = [filesIn(await newFolder()), filesIn(await newFolder())];
    const { authority } = await keepIdentities(one, NOW);
    const { authority: foreign } = await keepIdentities(other, NOW);
    await writeFile(one.authority, authority.certificatePem + foreign.privateKeyPem);
    await expect(keepIdentities(one, NOW)).rejects.toMatchObject({ code: "FILE_NOT_READABLE" });
  });
});

describe("the gateway's certificate", () => {
  const names = ["gate.example", "localhost", "127.0.0.1", "::1"];

  test("that is damaged is reported by its path", async () => {
    const folder = await newFolder();
    const path = join(folder, "gateway.pem");
    const { authority } = await keepIdentities(filesIn(folder), NOW);
    await writeFile(path, "damaged");
    await expect(keepGatewayCertificate(path, authority, { names, now: NOW })).rejects.toMatchObject({
      code: "FILE_NOT_READABLE",
      details: { path },
    });
  });

  test("names every name and address, and is kept while it is good for them", async () => {
    const folder = await newFolder();
    const path = join(folder, "gateway.pem");
    const { authority } = await keepIdentities(filesIn(folder), NOW);
    const first = await keepGatewayCertificate(path, authority, { names, now: NOW });
    const certificate = new X509Certificate(first.certificatePem);
    expect(certificate.subjectAltName).toContain("DNS:gate.example");
    expect(certificate.checkIP("127.0.0.1")).toBeDefined();
    expect(certificate.verify(new X509Certificate(authority.certificatePem).publicKey)).toBe(true);
    expect(await modeOf(path)).toBe("600");
    const kept = await keepGatewayCertificate(path, authority, { names, now: NOW + 50 * DAY_MS });
    expect(kept).toEqual(first);
  });

  test.each([
    ["it ends within a month", { names, now: NOW + 61 * DAY_MS }],
    ["it lacks a name", { names: [...names, "new.example"], now: NOW }],
    ["it lacks an address", { names: [...names, "10.0.0.1"], now: NOW }],
  ])("is made anew when %s", async (_why, wish) => {
    const folder = await newFolder();
    const path = join(folder, "gateway.pem");
    const { authority } = await keepIdentities(filesIn(folder), NOW);
    const first = await keepGatewayCertificate(path, authority, { names, now: NOW });
    const next = await keepGatewayCertificate(path, authority, wish);
    expect(next.certificatePem).not.toBe(first.certificatePem);
    expect(await keepGatewayCertificate(path, authority, wish)).toEqual(next);
  });
});
