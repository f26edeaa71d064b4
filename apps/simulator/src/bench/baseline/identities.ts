import { createSecureContext, type SecureContext } from "node:tls";
import {
  certificatePem,
  createAuthority,
  createKeyAndRequest,
  issueClientCertificate,
  issueServerCertificate,
} from "@muster/trust/x509";
import type { BaselineConfig } from "./messages.ts";

const DAY_MS = 86_400_000;

/** Certificates of the same kind as the gateway's and its agents'. */
export interface BaselineIdentities {
  readonly server: Omit<BaselineConfig, "file">;
  readonly client: SecureContext;
}

export async function makeIdentities(now: number): Promise<BaselineIdentities> {
  const authority = await createAuthority({ name: "baseline authority", now });
  const names = { names: ["localhost"], ips: ["127.0.0.1"], ttlMs: DAY_MS, now };
  const server = await issueServerCertificate(authority, names);
  const { privateKeyPem: key, csr } = createKeyAndRequest();
  const client = { agentId: "baseline", generation: 1, ttlMs: DAY_MS, now };
  const { certificate } = await issueClientCertificate(authority, csr, client);
  const ca = authority.certificatePem;
  return {
    server: { certificate: server.certificatePem, key: server.privateKeyPem, ca },
    client: createSecureContext({ ca, key, cert: certificatePem(certificate) }),
  };
}
