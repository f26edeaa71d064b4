import { readFile, rm, writeFile } from "node:fs/promises";
import { createKeyAndRequest, issueClientCertificate } from "@muster/trust/x509";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestHost, type TestHost } from "../testing/test-host.ts";
import { finishRenewal, loadIdentity, prepareRenewal } from "./identity-store.ts";

let host: TestHost;
beforeEach(async () => {
  host = await createTestHost();
  await host.enrol();
});
afterEach(() => host.close());

async function nextCertificate() {
  const { privateKeyPem, csr } = createKeyAndRequest();
  const next = { agentId: "agent-1", generation: 2, ttlMs: 60_000, now: Date.now() };
  const { certificate } = await issueClientCertificate(host.gateway.authority, csr, next);
  return { privateKeyPem, certificate };
}

test("a renewal that was cut off before the certificate came changes nothing", async () => {
  const before = await loadIdentity(host.layout);
  await prepareRenewal(host.layout, createKeyAndRequest().privateKeyPem);
  expect(await loadIdentity(host.layout)).toEqual(before);
});

test("a renewal that was cut off between certificate and key is finished", async () => {
  const { privateKeyPem, certificate } = await nextCertificate();
  await prepareRenewal(host.layout, privateKeyPem);
  const oldKey = await readFile(`${host.layout.identity}/key.pem`);
  await finishRenewal(host.layout, certificate);
  await writeFile(`${host.layout.identity}/key.pem`, oldKey);
  await writeFile(`${host.layout.identity}/key.next.pem`, privateKeyPem);
  expect(await loadIdentity(host.layout)).toMatchObject({ key: privateKeyPem });
  expect(await readFile(`${host.layout.identity}/key.pem`, "utf8")).toBe(privateKeyPem);
});

test("a key that is not the certificate's is refused", async () => {
  await writeFile(`${host.layout.identity}/key.pem`, createKeyAndRequest().privateKeyPem);
  await expect(loadIdentity(host.layout)).rejects.toMatchObject({ code: "CERTIFICATE_INVALID" });
});

test.each(["key.pem", "cert.pem", "ca.pem", "assignment.key"])(
  "without %s the host is not enrolled",
  async (name) => {
    await rm(`${host.layout.identity}/${name}`);
    await expect(loadIdentity(host.layout)).rejects.toMatchObject({ code: "ENROLMENT_MISSING" });
  },
);

test.each(["key.pem", "cert.pem", "assignment.key"])(
  "a damaged %s is told apart from a missing one",
  async (name) => {
    await writeFile(`${host.layout.identity}/${name}`, "garbage");
    await expect(loadIdentity(host.layout)).rejects.toMatchObject({ code: "CERTIFICATE_INVALID" });
  },
);
