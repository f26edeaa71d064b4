import { createPublicKey, verify } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { pae } from "./pae.ts";

const coordinate = (decimal: string) =>
  Buffer.from(BigInt(decimal).toString(16).padStart(64, "0"), "hex").toString("base64url");
const bytes = (text: string) => new TextEncoder().encode(text);

test("DSSE's published test vector comes out", () => {
  const encoded = pae("http://example.com/HelloWorld", bytes("hello world"));
  expect(new TextDecoder().decode(encoded)).toBe("DSSEv1 29 http://example.com/HelloWorld 11 hello world");
});

test("the signature of DSSE's published test vector verifies over it", () => {
  const x = coordinate("46950820868899156662930047687818585632848591499744589407958293238635476079160");
  const y = coordinate("5640078356564379163099075877009565129882514886557779369047442380624545832820");
  const key = createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
  const signature = Buffer.from(
    "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==",
    "base64",
  );
  const message = pae("http://example.com/HelloWorld", bytes("hello world"));
  expect(verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature)).toBe(true);
});

test("lengths are counted in bytes, not in characters", () => {
  expect(new TextDecoder().decode(pae("ü", bytes("é")))).toBe("DSSEv1 2 ü 2 é");
});

test("two different pairs of type and payload never encode to the same bytes", () => {
  const pair = fc.tuple(fc.string({ unit: "binary", maxLength: 6 }), fc.uint8Array({ maxLength: 6 }));
  fc.assert(
    fc.property(pair, pair, ([typeA, payloadA], [typeB, payloadB]) => {
      fc.pre(typeA.isWellFormed() && typeB.isWellFormed());
      const same = typeA === typeB && Buffer.from(payloadA).equals(payloadB);
      expect(Buffer.from(pae(typeA, payloadA)).equals(pae(typeB, payloadB))).toBe(same);
    }),
  );
});
