import { sign } from "node:crypto";
import { ASSIGNMENT_PAYLOAD_TYPE, MANIFEST_PAYLOAD_TYPE } from "@muster/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { generateSigningKey, rawPublicKey } from "./keys.ts";
import { pae } from "./pae.ts";
import { signAssignment, verifyAssignment } from "./signed-assignment.ts";
import { codeOf, sampleAssignment } from "./testing/samples.ts";

const key = generateSigningKey();
const publicKey = rawPublicKey(key);
const signed = signAssignment(sampleAssignment, key);
const signedAs = (payloadType: string, assignment: Uint8Array) => ({
  assignment,
  signature: new Uint8Array(sign(null, pae(payloadType, assignment), key)),
});

describe("a signed assignment", () => {
  test("comes back as it was signed", () => {
    expect(verifyAssignment(signed, publicKey)).toEqual(sampleAssignment);
  });

  test("with any byte changed is refused", () => {
    fc.assert(
      fc.property(fc.nat(signed.assignment.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
        const assignment = signed.assignment.with(at, signed.assignment[at]! ^ bits);
        expect(codeOf(() => verifyAssignment({ ...signed, assignment }, publicKey))).toBe(
          "ASSIGNMENT_INVALID",
        );
      }),
    );
  });

  test("with any other signature is refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (signature) => {
        expect(codeOf(() => verifyAssignment({ ...signed, signature }, publicKey))).toBe(
          "ASSIGNMENT_INVALID",
        );
      }),
    );
  });

  test("of another controller is refused", () => {
    expect(codeOf(() => verifyAssignment(signed, rawPublicKey(generateSigningKey())))).toBe(
      "ASSIGNMENT_INVALID",
    );
  });

  test("whose signature was made over another type of payload is refused", () => {
    expect(
      codeOf(() => verifyAssignment(signedAs(MANIFEST_PAYLOAD_TYPE, signed.assignment), publicKey)),
    ).toBe("ASSIGNMENT_INVALID");
  });

  test("that is well signed but has not the right form is refused", () => {
    const malformed = new TextEncoder().encode("{}");
    expect(codeOf(() => verifyAssignment(signedAs(ASSIGNMENT_PAYLOAD_TYPE, malformed), publicKey))).toBe(
      "ASSIGNMENT_INVALID",
    );
  });
});
