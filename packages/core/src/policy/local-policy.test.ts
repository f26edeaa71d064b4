import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode } from "../parse/decode.ts";
import { mutated, outcomeOf, firstMistake, withUnknownMembers, wronglyTyped } from "../testing/index.ts";
import {
  localPolicyDecoder,
  OPEN_POLICY,
  policyRefusal,
  requireAllowedByPolicy,
  type LocalPolicy,
} from "./local-policy.ts";

const policy: LocalPolicy = {
  updates: true,
  channels: ["stable", "beta"],
  minimumVersion: "1.0.0",
  maintenance: false,
};
const decoding = { decoder: localPolicyDecoder, code: "POLICY_INVALID" } as const;
const release = { version: "1.2.0", channel: "stable" };

describe("the file", () => {
  test("is taken as it is, and what it does not say is allowed", () => {
    expect(outcomeOf(decoding, policy)).toEqual({ accepted: policy });
    expect(decode(localPolicyDecoder, {}, "POLICY_INVALID")).toEqual(OPEN_POLICY);
    expect(decode(localPolicyDecoder, { updates: false }, "POLICY_INVALID")).toEqual({
      ...OPEN_POLICY,
      updates: false,
    });
  });

  test.each([...wronglyTyped(policy), ...withUnknownMembers(policy)])(
    "is refused with $name",
    ({ value }) => {
      expect(outcomeOf(decoding, value)).toHaveProperty("refused");
    },
  );

  test("with a misspelt setting is refused, never silently open", () => {
    expect(outcomeOf(decoding, { update: false })).toEqual({
      refused: { field: "update", problem: "is not a known field" },
    });
  });

  test("with an empty list of channels is refused: it could be read as none or as any", () => {
    expect(outcomeOf(decoding, { channels: [] })).toEqual({
      refused: { field: "channels", problem: "must have at least 1 entries" },
    });
  });

  test("whatever comes is taken as it is, but for what it leaves out, or refused with its code", () => {
    const whole = { decoder: wholePolicyDecoder, code: "POLICY_INVALID" } as const;
    const values = fc.oneof(mutated(policy), fc.jsonValue(), fc.anything());
    expect(firstMistake(whole, values)).toBeNull();
  });
});

describe("a release", () => {
  test.each<[Partial<LocalPolicy>, string | null, object]>([
    [{}, null, {}],
    [{ channels: ["stable"] }, null, {}],
    [{ minimumVersion: "1.2.0" }, null, {}],
    [{ updates: false }, "POLICY_UPDATES_DISABLED", {}],
    [{ maintenance: true }, "POLICY_MAINTENANCE", {}],
    [{ channels: ["beta"] }, "POLICY_CHANNEL_FORBIDDEN", { channel: "stable", allowed: ["beta"] }],
    [{ minimumVersion: "1.2.1" }, "POLICY_VERSION_BELOW_MINIMUM", { version: "1.2.0", minimum: "1.2.1" }],
    [{ minimumVersion: "1.10.0" }, "POLICY_VERSION_BELOW_MINIMUM", { version: "1.2.0", minimum: "1.10.0" }],
    [{ updates: false, maintenance: true, channels: ["beta"] }, "POLICY_UPDATES_DISABLED", {}],
  ])("under %j: %s", (change, code, details) => {
    const refusal = policyRefusal({ ...OPEN_POLICY, ...change }, release);
    expect(refusal && { code: refusal.code, details: refusal.details }).toEqual(code && { code, details });
  });

  test("that the policy refuses is refused by throwing, too", () => {
    expect(() => requireAllowedByPolicy(OPEN_POLICY, release)).not.toThrow();
    expect(() => requireAllowedByPolicy({ ...OPEN_POLICY, maintenance: true }, release)).toThrow(
      expect.objectContaining({ code: "POLICY_MAINTENANCE" }),
    );
  });
});

/** Only documents that leave nothing out, so that taken means unchanged. */
function wholePolicyDecoder(value: unknown, path: string): unknown {
  const taken: object = localPolicyDecoder(value, path);
  const given = value as object;
  return Object.fromEntries(Object.entries(taken).filter(([name]) => Object.hasOwn(given, name)));
}
