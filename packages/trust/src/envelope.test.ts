import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { signDetached, signersOf, verifyDetached } from "./envelope.ts";
import { generateSigningKey } from "./keys.ts";
import { encodeSignatures, parseSignatures, SIGNATURES_MAX } from "./signature-file.ts";
import type { DetachedSignature } from "./signature-file.ts";
import { codeOf, sampleKeys } from "./testing/samples.ts";

const payloadType = "application/vnd.example+json";
const payload = new TextEncoder().encode('{"hello":"world"}');
const { privateKeys, anchor } = sampleKeys(["alice", "bob", "carol"], 2);
const [alice, bob] = privateKeys;

const byAlice = signDetached({ payload, payloadType }, alice!);
const byBoth = signDetached({ payload, payloadType }, bob!, byAlice);
const signed = (signatures: Uint8Array) => ({ payload, payloadType, signatures });
const rewritten = (change: (entries: readonly DetachedSignature[]) => readonly DetachedSignature[]) => {
  const file = parseSignatures(byBoth);
  return encodeSignatures({ ...file, signatures: change(file.signatures) });
};

describe("signing", () => {
  test("a second key's signature is added to the first", () => {
    expect(parseSignatures(byBoth).signatures).toHaveLength(2);
    expect(verifyDetached(signed(byBoth), anchor)).toEqual(["alice", "bob"]);
  });

  test("signing again with the same key leaves one signature of it", () => {
    expect(parseSignatures(signDetached({ payload, payloadType }, alice!, byBoth)).signatures).toHaveLength(
      2,
    );
  });

  test("signatures over another type of payload are not joined", () => {
    expect(codeOf(() => signDetached({ payload, payloadType: "text/plain" }, alice!, byAlice))).toBe(
      "SIGNATURE_TYPE_MISMATCH",
    );
  });

  test("no more signatures are added than can be read", () => {
    const full = encodeSignatures({
      schema: 1,
      payloadType,
      signatures: Array.from({ length: SIGNATURES_MAX }, () => ({ keyid: "00", sig: new Uint8Array(64) })),
    });
    expect(codeOf(() => signDetached({ payload, payloadType }, alice!, full))).toBe("SIGNATURE_MALFORMED");
  });
});

describe("the threshold", () => {
  test("one signature of two is too few, and the error says who signed and who could", () => {
    expect(() => verifyDetached(signed(byAlice), anchor)).toThrow(
      expect.objectContaining({
        code: "SIGNATURE_INVALID",
        details: { needed: 2, valid: 1, by: ["alice"], missing: ["bob", "carol"] },
      }),
    );
  });

  test("one key's signature many times counts once, whatever key ids it carries", () => {
    const doubled = rewritten(([first, second]) => [
      first!,
      { ...first!, keyid: second!.keyid },
      { ...first!, keyid: "" },
    ]);
    expect(signersOf(signed(doubled), anchor)).toEqual(["alice"]);
    expect(codeOf(() => verifyDetached(signed(doubled), anchor))).toBe("SIGNATURE_INVALID");
  });

  test("a signature counts under a wrong or missing key id, as a key id proves nothing", () => {
    const unhinted = rewritten((entries) => entries.map(({ sig }) => ({ keyid: "", sig })));
    const swapped = rewritten(([first, second]) => [
      { ...first!, keyid: second!.keyid },
      { ...second!, keyid: first!.keyid },
    ]);
    expect(verifyDetached(signed(unhinted), anchor)).toEqual(["alice", "bob"]);
    expect(verifyDetached(signed(swapped), anchor)).toEqual(["alice", "bob"]);
  });

  test("a stranger's signature under a trusted key id counts for nothing", () => {
    const stranger = signDetached({ payload, payloadType }, generateSigningKey());
    const forged = rewritten(([first, second]) => [
      first!,
      { keyid: second!.keyid, sig: parseSignatures(stranger).signatures[0]!.sig },
    ]);
    expect(signersOf(signed(forged), anchor)).toEqual(["alice"]);
  });

  test.each([
    ["nothing", { ...anchor, threshold: 0 }],
    ["a number below zero", { ...anchor, threshold: -1 }],
    ["no number", { ...anchor, threshold: Number.NaN }],
    ["more than the keys", { ...anchor, threshold: 4 }],
  ])("an anchor made by hand that asks for %s is refused", (_what, bad) => {
    expect(codeOf(() => verifyDetached(signed(byBoth), bad))).toBe("TRUST_ANCHOR_INVALID");
  });

  test("an anchor made by hand with one key under two names is refused", () => {
    const [first] = anchor.keys;
    const doubled = { ...anchor, keys: [first!, { ...first!, name: "again" }] };
    expect(codeOf(() => verifyDetached(signed(byAlice), doubled))).toBe("TRUST_ANCHOR_INVALID");
  });
});

describe("what a signature covers", () => {
  test("a changed byte of the payload leaves no signature", () => {
    fc.assert(
      fc.property(fc.nat(payload.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
        const changed = payload.with(at, payload[at]! ^ bits);
        expect(signersOf({ ...signed(byBoth), payload: changed }, anchor)).toEqual([]);
      }),
    );
  });

  test("a changed bit of a signature makes it worthless", () => {
    fc.assert(
      fc.property(fc.nat(63), fc.nat(7), (at, bit) => {
        const changed = rewritten(([first]) => [
          { ...first!, sig: first!.sig.with(at, first!.sig[at]! ^ (1 << bit)) },
        ]);
        expect(signersOf(signed(changed), anchor)).toEqual([]);
      }),
    );
  });

  test("the type is covered: the same bytes as another type do not pass", () => {
    expect(codeOf(() => verifyDetached({ ...signed(byBoth), payloadType: "text/plain" }, anchor))).toBe(
      "SIGNATURE_TYPE_MISMATCH",
    );
    const relabelled = encodeSignatures({ ...parseSignatures(byBoth), payloadType: "text/plain" });
    expect(signersOf({ payload, payloadType: "text/plain", signatures: relabelled }, anchor)).toEqual([]);
  });
});

describe("signatures that are made to mislead", () => {
  /** Order of the base point (RFC 8032 §5.1). */
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;

  test("a malleable signature, with S beyond the group's order, does not verify", () => {
    const malleable = rewritten(([first]) => {
      const s = BigInt(`0x${Buffer.from(first!.sig.slice(32).toReversed()).toString("hex")}`) + L;
      const raised = Buffer.from(s.toString(16).padStart(64, "0"), "hex").toReversed();
      return [{ ...first!, sig: new Uint8Array([...first!.sig.slice(0, 32), ...raised]) }];
    });
    expect(signersOf(signed(malleable), anchor)).toEqual([]);
  });

  test("a signature of zeros, or of ones, does not verify", () => {
    for (const byte of [0, 255]) {
      const constant = rewritten(([first]) => [{ ...first!, sig: new Uint8Array(64).fill(byte) }]);
      expect(signersOf(signed(constant), anchor)).toEqual([]);
    }
  });
});

describe("a .sig file", () => {
  const valid = new TextDecoder().decode(byBoth);
  const edited = (
    change: (value: { signatures: Record<string, unknown>[] } & Record<string, unknown>) => void,
  ) => {
    const value = JSON.parse(valid);
    change(value);
    return new TextEncoder().encode(JSON.stringify(value));
  };

  test.each([
    ["no signatures", edited((value) => (value.signatures = []))],
    ["too many signatures", edited((value) => (value.signatures = Array(17).fill(value.signatures[0])))],
    [
      "a short signature",
      edited((value) => (value.signatures[0]!["sig"] = Buffer.alloc(63).toString("base64"))),
    ],
    [
      "a long signature",
      edited((value) => (value.signatures[0]!["sig"] = Buffer.alloc(65).toString("base64"))),
    ],
    [
      "base64 without padding",
      edited((value) => (value.signatures[0]!["sig"] = Buffer.alloc(64).toString("base64url"))),
    ],
    ["a key id that is no hexadecimal", edited((value) => (value.signatures[0]!["keyid"] = "alice"))],
    ["no key id", edited((value) => delete value.signatures[0]!["keyid"])],
    ["another schema", edited((value) => (value["schema"] = 2))],
    ["a field too many", edited((value) => (value["payload"] = "aGVsbG8="))],
    ["too many bytes", new TextEncoder().encode(valid + " ".repeat(70_000))],
    ["nothing in it", new Uint8Array()],
  ])("with %s is malformed", (_what, bytes) => {
    expect(codeOf(() => verifyDetached(signed(bytes), anchor))).toBe("SIGNATURE_MALFORMED");
  });

  test("never passes and never crashes, whatever bytes it holds", () => {
    const mutated = fc
      .tuple(fc.nat(valid.length - 1), fc.string({ maxLength: 3 }))
      .map(([at, noise]) => new TextEncoder().encode(valid.slice(0, at) + noise + valid.slice(at + 1)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), mutated), (bytes) => {
        // A mutation may hit a key id or a space and change nothing that counts.
        const code = codeOf(() => signersOf(signed(bytes), anchor));
        expect(["none", "SIGNATURE_MALFORMED", "SIGNATURE_TYPE_MISMATCH"]).toContain(code);
      }),
    );
  });
});
