import { createPrivateKey, X509Certificate } from "node:crypto";
import { rename } from "node:fs/promises";
import { asMusterError, MusterError, type HostLayout } from "@muster/core";
import { certificatePem, readClientCertificate } from "@muster/trust/x509";
import {
  ensureFolder,
  hostStep,
  PRIVATE_FILE,
  readIfThere,
  READABLE_FILE,
  replaceFile,
  syncFolder,
} from "../host/files.ts";

/** What the agent proves itself with, and what it holds others against. Keys and certificates are PEM. */
export interface AgentIdentity {
  readonly agentId: string;
  readonly key: string;
  readonly certificate: string;
  readonly ca: string;
  /** The controller's key, raw, 32 bytes. */
  readonly assignmentKey: Uint8Array;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly expiresAt: number;
}

/** What an enrolment gives a host. */
export interface NewIdentity {
  /** PKCS #8 PEM. */
  readonly key: string;
  /** DER. */
  readonly certificate: Uint8Array;
  /** DER. */
  readonly caCertificate: Uint8Array;
  readonly assignmentKey: Uint8Array;
}

const FILE_MAX_BYTES = 65_536;

function identityFiles({ identity }: HostLayout) {
  return {
    key: `${identity}/key.pem`,
    /** The key of the certificate that is being asked for; it becomes `key.pem` when the certificate is there. */
    nextKey: `${identity}/key.next.pem`,
    certificate: `${identity}/cert.pem`,
    ca: `${identity}/ca.pem`,
    assignmentKey: `${identity}/assignment.key`,
  };
}

/**
 * Reads the identity; `ENROLMENT_MISSING` if there is none, `CERTIFICATE_INVALID` if it cannot be used. Finishes a
 * renewal that was cut off between its two files.
 */
export async function loadIdentity(layout: HostLayout): Promise<AgentIdentity> {
  const files = identityFiles(layout);
  const [key, nextKey, certificate, ca, assignmentKey] = await Promise.all(
    [files.key, files.nextKey, files.certificate, files.ca, files.assignmentKey].map((path) =>
      readText(path),
    ),
  );
  if (!certificate || !ca || !assignmentKey || !(key ?? nextKey)) throw new MusterError("ENROLMENT_MISSING");
  const rawKey = Buffer.from(assignmentKey.trim(), "base64");
  if (rawKey.byteLength !== 32) {
    throw new MusterError("CERTIFICATE_INVALID", { path: files.assignmentKey, problem: "is not a key" });
  }
  const x509 = read(files.certificate, certificate);
  const { agentId, notBefore, expiresAt } = readClientCertificate(x509.raw);
  const common = { agentId, certificate, ca, assignmentKey: new Uint8Array(rawKey), notBefore, expiresAt };
  if (key && belongs(x509, key)) return { ...common, key };
  if (nextKey && belongs(x509, nextKey)) {
    await hostStep(files.key, () => rename(files.nextKey, files.key));
    return { ...common, key: nextKey };
  }
  throw new MusterError("CERTIFICATE_INVALID", {
    path: files.key,
    problem: "is not the key of the certificate",
  });
}

/** Writes a whole new identity, durably. */
export async function storeIdentity(layout: HostLayout, identity: NewIdentity): Promise<void> {
  const files = identityFiles(layout);
  await ensureFolder(layout.identity);
  await replaceFile(files.key, identity.key, { mode: PRIVATE_FILE, durable: true });
  // The CA is public, and the updater reads it to ask the gateway.
  const ca = certificatePem(identity.caCertificate);
  await replaceFile(files.ca, ca, { mode: READABLE_FILE, durable: true });
  const assignmentKey = `${Buffer.from(identity.assignmentKey).toString("base64")}\n`;
  await replaceFile(files.assignmentKey, assignmentKey, { mode: READABLE_FILE, durable: true });
  await storeCertificate(layout, identity.certificate);
}

/** Keeps the key of a certificate that is about to be asked for: whoever is cut off in between has both. */
export async function prepareRenewal(layout: HostLayout, key: string): Promise<void> {
  await replaceFile(identityFiles(layout).nextKey, key, { mode: PRIVATE_FILE, durable: true });
}

/** Takes the certificate of the prepared key into use. */
export async function finishRenewal(layout: HostLayout, certificate: Uint8Array): Promise<void> {
  const files = identityFiles(layout);
  await storeCertificate(layout, certificate);
  await hostStep(files.key, async () => {
    await rename(files.nextKey, files.key);
    await syncFolder(layout.identity);
  });
}

async function storeCertificate(layout: HostLayout, certificate: Uint8Array): Promise<void> {
  const path = identityFiles(layout).certificate;
  await replaceFile(path, certificatePem(certificate), { mode: READABLE_FILE, durable: true });
}

async function readText(path: string): Promise<string | null> {
  const bytes = await readIfThere(path, FILE_MAX_BYTES);
  return bytes === null ? null : bytes.toString("utf8");
}

function read(path: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new MusterError("CERTIFICATE_INVALID", { path, problem: "cannot be read" }, { cause });
  }
}

function belongs(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new MusterError("CERTIFICATE_INVALID", { problem: asMusterError(error).message }, { cause: error });
  }
}
