import { chmod, readFile, readdir, stat } from "node:fs/promises";
import { existsSync } from "node:fs";
import { authorityPin, createAuthority, readClientCertificate } from "@muster/trust/x509";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { loadIdentity } from "../identity/identity-store.ts";
import { createTestHost, type TestHost } from "../testing/test-host.ts";
import { enrolHost, type EnrolmentOptions } from "./enrol-host.ts";

// Real processes and sockets: a busy machine takes its time.
vi.setConfig({ testTimeout: 30_000 });

let host: TestHost;
beforeEach(async () => {
  host = await createTestHost();
});
afterEach(() => host.close());

const enrol = (change: Partial<EnrolmentOptions> = {}) =>
  enrolHost({
    root: host.layout.root,
    server: host.gateway.address,
    token: host.gateway.token(),
    product: "acme-agent",
    hostname: "web-1",
    ...change,
  });
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe("a new host", () => {
  test("gets an identity whose key never left it, and a configuration", async () => {
    const enrolled = await enrol({ labels: { env: "test" } });
    expect(enrolled).toMatchObject({ agentId: "agent-1", product: "acme-agent", ignoredTrustMembers: [] });
    expect(host.gateway.enrolments).toMatchObject([{ hostname: "web-1", labels: { env: "test" } }]);
    expect(await host.json(host.layout.agentConfig)).toEqual({
      muster: {
        agentId: "agent-1",
        product: "acme-agent",
        gateway: host.gateway.address,
        labels: { env: "test" },
        hostname: "web-1",
      },
    });
    const identity = await loadIdentity(host.layout);
    expect(identity).toMatchObject({ agentId: "agent-1", expiresAt: enrolled.expiresAt });
    expect(identity.assignmentKey).toHaveLength(32);
    expect(await modeOf(`${host.layout.identity}/key.pem`)).toBe(0o600);
    expect((await readdir(host.layout.identity)).toSorted()).toEqual([
      "assignment.key",
      "ca.pem",
      "cert.pem",
      "key.pem",
    ]);
    const sent = Buffer.from(host.gateway.enrolments[0]!.csr);
    expect(sent.includes("PRIVATE")).toBe(false);
  });

  test("a server that another CA vouches for gets nothing, not even the token", async () => {
    const other = await createAuthority({ name: "other", now: Date.now() });
    const token = host.gateway.token(authorityPin(other.certificatePem));
    await expect(enrol({ token })).rejects.toMatchObject({ code: "SERVER_IDENTITY_MISMATCH" });
    expect(host.gateway.enrolments).toEqual([]);
    expect(existsSync(host.layout.identity)).toBe(false);
  });

  test("a server whose certificate is for another name is refused", async () => {
    const server = host.gateway.address.replace("localhost", "127.0.0.2");
    await expect(enrol({ server })).rejects.toMatchObject({ code: expect.stringMatching(/^SERVER_/) });
    expect(host.gateway.enrolments).toEqual([]);
  });

  test("a server that is not there: SERVER_UNREACHABLE", async () => {
    await host.gateway.close();
    await expect(enrol()).rejects.toMatchObject({ code: "SERVER_UNREACHABLE" });
  });

  test("without a product, it says which flag is missing, and asks nobody", async () => {
    const { layout, gateway } = host;
    const enrolling = enrolHost({ root: layout.root, server: gateway.address, token: gateway.token() });
    await expect(enrolling).rejects.toMatchObject({
      code: "USAGE_INVALID",
      details: { problem: "--product is missing" },
    });
    expect(host.gateway.enrolments).toEqual([]);
  });

  test("a refused token keeps its code and leaves nothing behind", async () => {
    host.gateway.behaviour.refuseCertificates = "TOKEN_EXHAUSTED";
    await expect(enrol()).rejects.toMatchObject({ code: "TOKEN_EXHAUSTED" });
    expect(existsSync(host.layout.identity)).toBe(false);
    expect(existsSync(host.layout.agentConfig)).toBe(false);
  });

  test.each<[string, Partial<EnrolmentOptions>, string]>([
    ["a token that is none", { token: "hello" }, "TOKEN_INVALID"],
    ["an address that is none", { server: "https://x/" }, "USAGE_INVALID"],
    ["a product that is none", { product: "../x" }, "USAGE_INVALID"],
    ["labels that are none", { labels: { "": "" } }, "USAGE_INVALID"],
  ])("%s is refused before anything is sent", async (_, change, code) => {
    await expect(enrol(change)).rejects.toMatchObject({ code });
    expect(host.gateway.enrolments).toEqual([]);
  });
});

describe("a host that is enrolled", () => {
  test("stays as it is without force, and is enrolled anew with it", async () => {
    await enrol();
    const before = await readFile(`${host.layout.identity}/cert.pem`, "utf8");
    await expect(enrol()).rejects.toMatchObject({ code: "ENROLMENT_EXISTS" });
    expect(host.gateway.enrolments).toHaveLength(1);
    expect(await readFile(`${host.layout.identity}/cert.pem`, "utf8")).toBe(before);
    await host.write(`${host.layout.run}/update.json`, { schema: 1, lastSequence: 9, update: null });
    await enrol({ force: true });
    const { certificate } = await loadIdentity(host.layout);
    const der = Buffer.from(certificate.replaceAll(/-----.*-----|\s/g, ""), "base64");
    expect(readClientCertificate(der).generation).toBe(2);
    expect(existsSync(`${host.layout.run}/update.json`)).toBe(false);
  });

  test("keeps its product and labels when it is enrolled anew without them", async () => {
    await enrol({ labels: { env: "test" } });
    const { root } = host.layout;
    const { address: server } = host.gateway;
    await enrolHost({ root, server, token: host.gateway.token(), force: true });
    expect(host.gateway.enrolments.at(-1)).toMatchObject({ product: "acme-agent", labels: { env: "test" } });
  });
});

describe("the configuration", () => {
  test("keeps every foreign byte and its mode", async () => {
    const foreign =
      '{\n    "listen": 0.10,\n    "big": 12345678901234567890,\n    "nested": { "a": [1,2,\n3] }\n}\n';
    await host.write(host.layout.agentConfig, foreign);
    await chmod(host.layout.agentConfig, 0o640);
    await enrol();
    const text = await readFile(host.layout.agentConfig, "utf8");
    for (const line of ['"listen": 0.10,', '"big": 12345678901234567890,', '"nested": { "a": [1,2,\n3] }']) {
      expect(text).toContain(line);
    }
    expect(text).toContain('    "muster": {\n        "agentId": "agent-1"');
    expect(await modeOf(host.layout.agentConfig)).toBe(0o640);
  });

  test("trust keys in it have no effect, and that is said", async () => {
    await host.write(host.layout.agentConfig, { trustAnchor: {}, signingKeys: [], port: 1 });
    const { ignoredTrustMembers } = await enrol();
    expect(ignoredTrustMembers).toEqual(["trustAnchor", "signingKeys"]);
    expect(await host.json(host.layout.agentConfig)).toMatchObject({ trustAnchor: {}, port: 1 });
  });

  test.each(["{", "[]", '"text"', ""])("that is no object is left alone: %j", async (text) => {
    await host.write(host.layout.agentConfig, text);
    await expect(enrol()).rejects.toMatchObject({ code: "AGENT_CONFIG_INVALID" });
    expect(await readFile(host.layout.agentConfig, "utf8")).toBe(text);
    expect(host.gateway.enrolments).toEqual([]);
  });
});
