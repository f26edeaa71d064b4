import { sign, verify, type KeyObject } from "node:crypto";
import {
  ASSIGNMENT_PAYLOAD_TYPE,
  assignmentDecoder,
  canonicalJson,
  MusterError,
  type Assignment,
} from "@muster/core";
import { readJsonFile } from "./json-file.ts";
import { publicKeyObject } from "./keys.ts";
import { pae } from "./pae.ts";
import { SIGNATURE_BYTES } from "./signature-file.ts";

/** An assignment as it travels: its bytes and the controller's signature. */
export interface SignedAssignment {
  /** RFC 8785 form. */
  readonly assignment: Uint8Array;
  /** 64 bytes, over the DSSE pre-authentication encoding. */
  readonly signature: Uint8Array;
}

/** Signs an assignment with the controller's online key. */
export function signAssignment(assignment: Assignment, privateKey: KeyObject): SignedAssignment {
  const bytes = new TextEncoder().encode(canonicalJson(assignment));
  const signature = new Uint8Array(sign(null, pae(ASSIGNMENT_PAYLOAD_TYPE, bytes), privateKey));
  return { assignment: bytes, signature };
}

/**
 * The assignment, if the controller's key (raw, 32 bytes) signed it; otherwise `ASSIGNMENT_INVALID`. Whose it is, its
 * sequence and its time are for the caller to check.
 */
export function verifyAssignment(
  { assignment, signature }: SignedAssignment,
  publicKey: Uint8Array,
): Assignment {
  const message = pae(ASSIGNMENT_PAYLOAD_TYPE, assignment);
  const genuine =
    signature.byteLength === SIGNATURE_BYTES && verify(null, message, publicKeyObject(publicKey), signature);
  if (!genuine)
    throw new MusterError("ASSIGNMENT_INVALID", { field: "signature", problem: "does not verify" });
  return readJsonFile(assignmentDecoder, assignment, "ASSIGNMENT_INVALID");
}
