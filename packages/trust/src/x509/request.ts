import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { der } from "../der.ts";

/** A new key and the request to certify it. */
export interface KeyAndRequest {
  /** PKCS #8 PEM; it stays on the host. */
  readonly privateKeyPem: string;
  /** PKCS #10, DER. */
  readonly csr: Uint8Array;
}

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";

/** A new ECDSA P-256 key and its certificate request. The subject is empty: the gateway says who the agent is. */
export function createKeyAndRequest(): KeyAndRequest {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const privateKeyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { privateKeyPem, csr: requestFor(privateKey) };
}

/** RFC 2986 §4. */
function requestFor(privateKey: KeyObject): Uint8Array {
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const info = der.sequence(der.integer(0), der.sequence(), spki, der.context(0));
  const signature = sign("sha256", info, privateKey);
  return new Uint8Array(der.sequence(info, der.sequence(der.oid(ECDSA_WITH_SHA256)), der.bits(signature)));
}
