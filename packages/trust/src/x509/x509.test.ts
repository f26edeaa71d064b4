import { createPrivateKey, webcrypto, X509Certificate } from "node:crypto";
import { once } from "node:events";
import tls from "node:tls";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  authorityPin,
  certificateDer,
  certificatePem,
  createAuthority,
  createKeyAndRequest,
  issueClientCertificate,
  issueServerCertificate,
  readClientCertificate,
  type CertifiedKey,
} from "./index.ts";
import { codeOfAsync } from "../testing/samples.ts";
import { x509Library } from "./library.ts";

const now = Date.UTC(2030, 0, 1, 12);
const DAY_MS = 86_400_000;
const identity = { agentId: "a-1", generation: 3, ttlMs: DAY_MS, now };

let authority: CertifiedKey;
beforeAll(async () => {
  authority = await createAuthority({ name: "Example fleet", now });
});

/** A request as another program would make it. */
async function foreignRequest(algorithm: webcrypto.EcKeyGenParams, hash = "SHA-256") {
  const { Pkcs10CertificateRequestGenerator } = await x509Library();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=root, O=Mallory",
    keys,
    signingAlgorithm: { name: "ECDSA", hash },
  });
  return new Uint8Array(request.rawData);
}

describe("the fleet's CA", () => {
  test("is a CA for ten years that may sign certificates but no further CA", async () => {
    const certificate = new X509Certificate(authority.certificatePem);
    const { X509Certificate: Parsed, BasicConstraintsExtension } = await x509Library();
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.validToDate.getUTCFullYear()).toBe(2040);
    expect(new Parsed(authority.certificatePem).getExtension(BasicConstraintsExtension)).toMatchObject({
      ca: true,
      pathLength: 0,
      critical: true,
    });
  });

  test("has one pin, from its DER and from its PEM", () => {
    const pin = authorityPin(authority.certificatePem);
    expect(pin).toMatch(/^[\w-]{43}$/);
    expect(authorityPin(certificateDer(authority.certificatePem))).toBe(pin);
  });
});

describe("an agent's certificate", () => {
  test("says who the agent is, in which generation and until when", async () => {
    const { csr } = createKeyAndRequest();
    const issued = await issueClientCertificate(authority, csr, identity);
    expect(issued).toMatchObject({ agentId: "a-1", generation: 3, expiresAt: now + DAY_MS });
    expect(issued.notBefore).toBe(now - 5 * 60_000);
    expect(readClientCertificate(issued.certificate)).toEqual(
      expect.objectContaining({ agentId: "a-1", generation: 3, serial: issued.serial }),
    );
  });

  test("carries the request's key, and the CA's signature", async () => {
    const { csr, privateKeyPem } = createKeyAndRequest();
    const { certificate } = await issueClientCertificate(authority, csr, identity);
    const read = new X509Certificate(certificate);
    expect(read.checkPrivateKey(createPrivateKey(privateKeyPem))).toBe(true);
    expect(read.verify(new X509Certificate(authority.certificatePem).publicKey)).toBe(true);
    expect(read.ca).toBe(false);
    expect(read.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  });

  test("takes nothing but the key from the request", async () => {
    const csr = await foreignRequest({ name: "ECDSA", namedCurve: "P-256" });
    const { certificate } = await issueClientCertificate(authority, csr, identity);
    expect(new X509Certificate(certificate).subject).toBe("CN=a-1");
  });

  test("never outlives the CA", async () => {
    const { csr } = createKeyAndRequest();
    const { expiresAt } = await issueClientCertificate(authority, csr, {
      ...identity,
      ttlMs: 20 * 365 * DAY_MS,
    });
    expect(expiresAt).toBe(new X509Certificate(authority.certificatePem).validToDate.getTime());
  });

  test("is not made for an id that is no id", async () => {
    const { csr } = createKeyAndRequest();
    await expect(
      issueClientCertificate(authority, csr, { ...identity, agentId: "a, URI:muster:agent:b" }),
    ).rejects.toMatchObject({ code: "CERTIFICATE_INVALID" });
  });

  test("has a serial number of its own", async () => {
    const { csr } = createKeyAndRequest();
    const first = await issueClientCertificate(authority, csr, identity);
    const second = await issueClientCertificate(authority, csr, identity);
    expect(first.serial).not.toBe(second.serial);
  });
});

describe("a request", () => {
  test.each(["P-384", "P-521"])("for a key on %s is refused", async (namedCurve) => {
    const csr = await foreignRequest({ name: "ECDSA", namedCurve });
    await expect(issueClientCertificate(authority, csr, identity)).rejects.toMatchObject({
      code: "CSR_INVALID",
    });
  });

  test("signed with SHA-1 is refused", async () => {
    const csr = await foreignRequest({ name: "ECDSA", namedCurve: "P-256" }, "SHA-1");
    await expect(issueClientCertificate(authority, csr, identity)).rejects.toMatchObject({
      code: "CSR_INVALID",
    });
  });

  test("of too many bytes is refused", async () => {
    await expect(issueClientCertificate(authority, new Uint8Array(5000), identity)).rejects.toMatchObject({
      code: "CSR_INVALID",
    });
  });

  test("with another one's key in it is refused, as its signature does not fit", async () => {
    const mine = createKeyAndRequest().csr;
    const theirs = createKeyAndRequest().csr;
    // The point is the 65 bytes before the empty attributes and the signature; both requests start alike.
    const at = Buffer.from(mine).indexOf(Buffer.of(0x03, 0x42, 0x00, 0x04)) + 3;
    const stolen = new Uint8Array(mine);
    stolen.set(theirs.subarray(at, at + 65), at);
    await expect(issueClientCertificate(authority, stolen, identity)).rejects.toMatchObject({
      code: "CSR_INVALID",
    });
  });

  test("with any byte changed gets CSR_INVALID or a certificate for the very same key", async () => {
    const { csr } = createKeyAndRequest();
    const spki = Buffer.from(
      csr.subarray(Buffer.from(csr).indexOf(Buffer.of(0x03, 0x42, 0x00, 0x04))).subarray(3, 68),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(csr.length - 1), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
        const changed = csr.with(at, csr[at]! ^ bits);
        const issued = issueClientCertificate(authority, changed, identity).then(({ certificate }) =>
          expect(Buffer.from(certificate).includes(spki)).toBe(true),
        );
        expect(["none", "CSR_INVALID"]).toContain(await codeOfAsync(issued));
      }),
    );
  });

  test("of any bytes at all gets CSR_INVALID", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (csr) => {
        await expect(issueClientCertificate(authority, csr, identity)).rejects.toMatchObject({
          code: "CSR_INVALID",
        });
      }),
    );
  });
});

describe("reading a client certificate", () => {
  test("refuses the CA's and a gateway's certificate", async () => {
    const server = await issueServerCertificate(authority, {
      names: ["a.example"],
      ips: [],
      ttlMs: DAY_MS,
      now,
    });
    for (const { certificatePem: pem } of [authority, server]) {
      expect(() => readClientCertificate(certificateDer(pem))).toThrow(
        expect.objectContaining({ code: "CERTIFICATE_INVALID" }),
      );
    }
  });

  test("refuses names that stand beside the two it knows", async () => {
    const x509 = await x509Library();
    const keys = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign",
      "verify",
    ]);
    for (const names of [
      [{ type: "url", value: "muster:agent:a" }],
      [
        { type: "url", value: "muster:generation:1" },
        { type: "url", value: "muster:agent:a" },
      ],
      [{ type: "dns", value: "x, URI:muster:agent:a, URI:muster:generation:1" }],
      [{ type: "url", value: "muster:agent:a, URI:muster:generation:1" }],
      [
        { type: "url", value: "muster:agent:a" },
        { type: "url", value: "muster:generation:1" },
        { type: "dns", value: "b" },
      ],
    ] as const) {
      const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        name: "CN=a",
        keys,
        signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
        extensions: [new x509.SubjectAlternativeNameExtension([...names])],
      });
      expect(() => readClientCertificate(new Uint8Array(certificate.rawData))).toThrow(
        expect.objectContaining({ code: "CERTIFICATE_INVALID" }),
      );
    }
  });

  test("any bytes at all are a certificate or get CERTIFICATE_INVALID", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(() => readClientCertificate(bytes)).toThrow(
          expect.objectContaining({ code: "CERTIFICATE_INVALID" }),
        );
      }),
    );
  });
});

test("a gateway and an agent that were certified speak mutual TLS, by name and by address", async () => {
  const real = Date.now();
  const ca = await createAuthority({ name: "Example fleet", now: real });
  const names = {
    names: ["localhost", "gateway.example"],
    ips: ["127.0.0.1", "::1"],
    ttlMs: DAY_MS,
    now: real,
  };
  const gateway = await issueServerCertificate(ca, names);
  const { privateKeyPem, csr } = createKeyAndRequest();
  const { certificate } = await issueClientCertificate(ca, csr, { ...identity, now: real });

  const server = tls.createServer({
    cert: gateway.certificatePem,
    key: gateway.privateKeyPem,
    ca: ca.certificatePem,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
  });
  server.on("secureConnection", (socket) => {
    const raw = socket.getPeerX509Certificate()?.raw ?? new Uint8Array();
    socket.end(readClientCertificate(raw).agentId);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  try {
    for (const servername of ["gateway.example", ""]) {
      const client = tls.connect({
        host: "127.0.0.1",
        port,
        servername,
        ca: ca.certificatePem,
        cert: certificatePem(certificate),
        key: privateKeyPem,
      });
      const [data] = await once(client, "data");
      expect(String(data)).toBe("a-1");
      client.destroy();
    }
  } finally {
    server.close();
  }
});
