import { X509Certificate } from "node:crypto";
import {
  hostLayout,
  gatewayAddressDecoder,
  hostnameDecoder,
  labelsDecoder,
  MusterError,
  nameDecoder,
  parse,
  type AgentConfig,
} from "@muster/core";
import { decodeEnrolResponse, encodeEnrolRequest, type EnrolmentGrant } from "@muster/protocol/agent";
import { parseToken } from "@muster/trust";
import { authorityPin, createKeyAndRequest, readClientCertificate } from "@muster/trust/x509";
import { callGateway } from "../connection/gateway-client.ts";
import { removeFile, statIfThere } from "../host/files.ts";
import { agentHostname } from "../host/hostname.ts";
import {
  readAgentConfig,
  readConfigMembers,
  trustMembers,
  writeAgentConfig,
} from "../identity/config-file.ts";
import { storeIdentity } from "../identity/identity-store.ts";
import { updateStorePath } from "../update/update-store.ts";
import { fetchPinnedAuthority } from "./check-pin.ts";

export interface EnrolmentOptions {
  /** The product's state folder on this host. */
  readonly root: string;
  /** `host:port` of the gateway. */
  readonly server: string;
  /** The registration token, as `muster token create` printed it. */
  readonly token: string;
  /** What this host runs; may be left out if the configuration says it. */
  readonly product?: string;
  readonly hostname?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Enrols a host anew that is enrolled already. */
  readonly force?: boolean;
}

export interface EnrolledHost {
  readonly agentId: string;
  readonly product: string;
  /** Of the certificate, milliseconds since 1970; it is renewed long before. */
  readonly expiresAt: number;
  readonly configPath: string;
  /** Members of the configuration that look like trust keys; they have no effect. */
  readonly ignoredTrustMembers: readonly string[];
}

/**
 * Makes this host an agent: a key of its own, a certificate for it, and Muster's member in the configuration; whatever
 * else is there stays. Nothing is changed before the server has agreed. Throws `ENROLMENT_EXISTS`, `TOKEN_…`,
 * `SERVER_IDENTITY_MISMATCH`, `SERVER_UNREACHABLE`, `AGENT_CONFIG_INVALID`, `HOST_FILE_FAILED`, `USAGE_INVALID`.
 */
export async function enrolHost(options: EnrolmentOptions): Promise<EnrolledHost> {
  const layout = hostLayout(options.root);
  const server = parse.decode(gatewayAddressDecoder, options.server, "USAGE_INVALID");
  const { caPin } = parseToken(options.token);
  const members = await readConfigMembers(layout.agentConfig);
  const before = await configBefore(layout.agentConfig, options.force ?? false);
  // An identity without a configuration is what an enrolment leaves that was cut off: it is made anew.
  if (before && !options.force) {
    throw new MusterError("ENROLMENT_EXISTS", { agent: before.agentId, gateway: before.gateway });
  }
  const named = options.product ?? before?.product;
  if (named === undefined) throw new MusterError("USAGE_INVALID", { problem: "--product is missing" });
  const product = parse.decode(nameDecoder, named, "USAGE_INVALID");
  const labels = parse.decode(labelsDecoder, options.labels ?? before?.labels ?? {}, "USAGE_INVALID");

  const ca = await fetchPinnedAuthority(server, caPin);
  const { privateKeyPem, csr } = createKeyAndRequest();
  const hostname = parse.decode(
    hostnameDecoder,
    options.hostname ?? before?.hostname ?? agentHostname(),
    "USAGE_INVALID",
  );
  const request = encodeEnrolRequest({
    token: options.token.trim(),
    csr,
    product,
    hostname,
    labels,
  });
  const grant = decodeEnrolResponse(
    await callGateway("enrol", request, { address: server, identity: { ca } }),
  );
  requireFitting(grant, caPin, csr);

  await storeIdentity(layout, { key: privateKeyPem, ...grant });
  const config: AgentConfig = {
    agentId: grant.agentId,
    product,
    gateway: server,
    ...(Object.keys(labels).length > 0 && { labels: { ...labels } }),
    ...(hostname !== agentHostname() && { hostname }),
  };
  // Another agent's sequences and targets mean nothing to this one.
  const stale = updateStorePath(layout);
  if ((await statIfThere(stale)) !== null) await removeFile(stale);
  // Last: the host counts as enrolled from here on.
  await writeAgentConfig(layout.agentConfig, config);
  return {
    agentId: grant.agentId,
    product,
    expiresAt: grant.expiresAt,
    configPath: layout.agentConfig,
    ignoredTrustMembers: trustMembers(members),
  };
}

async function configBefore(path: string, force: boolean): Promise<AgentConfig | null> {
  try {
    return await readAgentConfig(path);
  } catch (error) {
    const code = error instanceof MusterError ? error.code : null;
    if (code === "ENROLMENT_MISSING" || (force && code === "AGENT_CONFIG_INVALID")) return null;
    throw error;
  }
}

/** What came back must be for this key, this fleet, and what it says it is. */
function requireFitting(
  { agentId, certificate, caCertificate }: EnrolmentGrant,
  caPin: string,
  csr: Uint8Array,
): void {
  const issued = readClientCertificate(certificate);
  const spki = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
  if (
    authorityPin(caCertificate) !== caPin ||
    issued.agentId !== agentId ||
    !Buffer.from(csr).includes(spki)
  ) {
    throw new MusterError("SERVER_IDENTITY_MISMATCH", {
      problem: "the certificate is not what was asked for",
    });
  }
}
