import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSealer } from "./sealer.ts";

const key = randomBytes(32);
const sealer = createSealer(key);
const unreadable = expect.objectContaining({ code: "SECRET_UNREADABLE" });

describe("a sealed secret", () => {
  test("comes back as it was, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (secret, context) => {
        expect(sealer.open(sealer.seal(secret, context), context)).toBe(secret);
      }),
    );
  });

  test("does not show the secret, and looks different each time", () => {
    const [one, two] = [sealer.seal("ghp_secret", "source/a"), sealer.seal("ghp_secret", "source/a")];
    expect(one).not.toBe(two);
    expect(Buffer.from(one.slice(2), "base64url").toString("latin1")).not.toContain("ghp_secret");
  });

  test("does not open for something else, nor with another key", () => {
    const sealed = sealer.seal("ghp_secret", "source/a");
    expect(() => sealer.open(sealed, "source/b")).toThrow(unreadable);
    expect(() => createSealer(randomBytes(32)).open(sealed, "source/a")).toThrow(unreadable);
  });

  test("does not open when a single byte of it was changed", () => {
    const bytes = Buffer.from(sealer.seal("ghp_secret", "source/a").slice(2), "base64url");
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => sealer.open(`1.${changed.toString("base64url")}`, "source/a")).toThrow(unreadable);
    }
  });

  test.each(["", "1.", "1.AAAA", "2.AAAA", "plain text", `1.${"A".repeat(37)}`])("%j is none", (text) => {
    expect(() => sealer.open(text, "source/a")).toThrow(unreadable);
  });
});

test("a key of another length is refused", () => {
  expect(() => createSealer(randomBytes(16))).toThrow(unreadable);
});
