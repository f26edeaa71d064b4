import { describe, expect, test } from "vitest";
import { createArgon2Hasher } from "./argon2-hasher.ts";

const cheap = createArgon2Hasher({ memoryKiB: 16, passes: 1 });

describe("a hash", () => {
  test("fits its password and no other, and is never the same twice", async () => {
    const hash = await cheap.hash("secret");
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=16,t=1,p=1\$/);
    expect(hash).not.toContain("secret");
    expect(await cheap.hash("secret")).not.toBe(hash);
    expect(await cheap.verify("secret", hash)).toBe(true);
    expect(await cheap.verify("Secret", hash)).toBe(false);
    expect(await cheap.verify("", hash)).toBe(false);
  });

  test("made by another program is understood", async () => {
    // From the tests of the reference implementation.
    const made = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    expect(await cheap.verify("password", made)).toBe(true);
    expect(await cheap.verify("passwort", made)).toBe(false);
  });

  test.each(["", "password", "$argon2i$v=19$m=16,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$x", "$2b$10$abc"])(
    "that is none fits nothing: %j",
    async (hash) => {
      expect(await cheap.verify("password", hash)).toBe(false);
    },
  );

  test("of less work than today's is outdated", async () => {
    const dear = createArgon2Hasher({ memoryKiB: 32, passes: 1 });
    const hash = await cheap.hash("secret");
    expect(dear.isOutdated(hash)).toBe(true);
    expect(cheap.isOutdated(hash)).toBe(false);
    expect(cheap.isOutdated(await dear.hash("secret"))).toBe(false);
  });
});

test("who would wait behind too many is turned away, and the others are served", async () => {
  const asked = Array.from({ length: 200 }, () => cheap.hash("secret"));
  const answers = await Promise.allSettled(asked);
  const refused = answers.filter((answer) => answer.status === "rejected");
  expect(refused.length).toBeGreaterThan(100);
  for (const { reason } of refused) expect(reason).toMatchObject({ code: "SERVER_OVERLOADED" });
  expect(answers.length - refused.length).toBe(66);
  expect(await cheap.hash("secret")).toContain("$argon2id$");
});
