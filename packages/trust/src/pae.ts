import { Buffer } from "node:buffer";
import { view } from "./bytes.ts";

/**
 * DSSE's pre-authentication encoding, version 1: what is signed in place of a payload, so that a signature over one
 * type of payload never passes for another (DSSE protocol.md, "Signature Definition").
 */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType, "utf8");
  const head = Buffer.from(`DSSEv1 ${type.byteLength} `);
  return Buffer.concat([head, type, Buffer.from(` ${payload.byteLength} `), view(payload)]);
}
