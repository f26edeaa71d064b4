import { connect } from "node:tls";
import { MusterError } from "@muster/core";
import {
  decodeEnrolResponse,
  decodeRenewResponse,
  encodeEnrolRequest,
  encodeRenewRequest,
} from "@muster/protocol/agent";
import { parseToken } from "@muster/trust";
import { authorityPin, certificatePem, createKeyAndRequest } from "@muster/trust/x509";
import { callOnce, createClient } from "./call.ts";
import type { GatewayAddress } from "./gateway-address.ts";
import { contextOf, type Identity } from "./identity.ts";

const HANDSHAKE_TIMEOUT_MS = 20_000;

/** What a new agent needs to know of the gateway before it can enrol. */
export interface Introduction {
  readonly gateway: GatewayAddress;
  readonly token: string;
  /** The agents' CA, PEM, held against the token's pin. */
  readonly caPem: string;
}

/** What a new agent says of itself. */
export interface Applicant {
  readonly product: string;
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Fetches the agents' CA from the gateway and holds it against the pin in the registration token. Throws
 * `TOKEN_INVALID`, `SERVER_UNREACHABLE` or `SERVER_IDENTITY_MISMATCH`.
 */
export async function introduce(gateway: GatewayAddress, token: string): Promise<Introduction> {
  const { caPin } = parseToken(token);
  const caCertificate = await readAuthority(gateway);
  if (authorityPin(caCertificate) !== caPin) {
    throw new MusterError("SERVER_IDENTITY_MISMATCH", { gateway: gateway.text });
  }
  return { gateway, token: token.trim(), caPem: certificatePem(caCertificate) };
}

/** The last certificate of the gateway's chain. It is worth nothing before it is held against the pin. */
function readAuthority({ host, port, text }: GatewayAddress): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: HANDSHAKE_TIMEOUT_MS });
    const fail = (cause: unknown) => {
      socket.destroy();
      reject(new MusterError("SERVER_UNREACHABLE", { gateway: text }, { cause }));
    };
    socket.once("error", fail);
    socket.once("timeout", () => fail(new Error("the handshake takes too long")));
    socket.once("secureConnect", () => {
      const own = socket.getPeerCertificate(true);
      socket.destroy();
      resolve(new Uint8Array((own.issuerCertificate ?? own).raw));
    });
  });
}

/** Enrols one agent with a key of its own. Throws the gateway's code, or `SERVER_UNREACHABLE`. */
export async function enrol(introduction: Introduction, applicant: Applicant): Promise<Identity> {
  const { gateway, token, caPem } = introduction;
  const { privateKeyPem, csr } = createKeyAndRequest();
  const client = createClient(gateway, contextOf(caPem, null));
  const answer = await callOnce(client, "enrol", encodeEnrolRequest({ token, csr, ...applicant }));
  const { agentId, certificate, assignmentKey, expiresAt } = decodeEnrolResponse(answer);
  return { agentId, assignmentKey, expiresAt, context: contextOf(caPem, { privateKeyPem, certificate }) };
}

/** The same agent with its next certificate, for a new key. Throws the gateway's code, or `SERVER_UNREACHABLE`. */
export async function renew({ gateway, caPem }: Introduction, identity: Identity): Promise<Identity> {
  const { privateKeyPem, csr } = createKeyAndRequest();
  const answer = await callOnce(createClient(gateway, identity.context), "renew", encodeRenewRequest(csr));
  const { certificate, expiresAt } = decodeRenewResponse(answer);
  return { ...identity, expiresAt, context: contextOf(caPem, { privateKeyPem, certificate }) };
}
