import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  mutated,
  outcomeOf,
  firstMistake,
  withoutEach,
  withUnknownMembers,
  wronglyTyped,
} from "../testing/index.ts";
import {
  agentConfigDecoder,
  gatewayAddressDecoder,
  labelsDecoder,
  type AgentConfig,
} from "./agent-config.ts";

const config: AgentConfig = {
  agentId: "agt_1",
  product: "acme",
  gateway: "gateway.example.com:8443",
  labels: { env: "production", "topology.kubernetes.io/zone": "eu-1" },
};
const decoding = { decoder: agentConfigDecoder, code: "AGENT_CONFIG_INVALID" } as const;
const section = (muster: unknown) => outcomeOf(decoding, { logLevel: "debug", muster });

const address = (value: string) =>
  outcomeOf({ decoder: gatewayAddressDecoder, code: "AGENT_CONFIG_INVALID" }, value);
const labels = (value: unknown) => outcomeOf({ decoder: labelsDecoder, code: "AGENT_CONFIG_INVALID" }, value);

function memberDecoder(value: unknown, path: string): AgentConfig {
  return agentConfigDecoder({ muster: value }, path);
}

test("Muster's member is read, and the product's own members are left alone", () => {
  expect(section(config)).toEqual({ accepted: config });
});

describe("the member", () => {
  const optional = ["without labels", "without labels.env", "without labels.topology.kubernetes.io/zone"];

  test.each(withoutEach(config).filter(({ name }) => !optional.includes(name)))(
    "is refused $name",
    ({ value }) => {
      expect(section(value)).toHaveProperty("refused");
    },
  );

  test.each(wronglyTyped(config))("is refused with $name", ({ value }) => {
    expect(section(value)).toHaveProperty("refused");
  });

  test.each(withUnknownMembers(config).filter(({ name }) => name === "misspelt"))(
    "is refused with $name",
    ({ value }) => {
      expect(section(value)).toEqual({
        refused: { field: "muster.misspelt", problem: "is not a known field" },
      });
    },
  );

  test.each([undefined, null, [], "muster"])("is refused as %j", (value) => {
    expect(section(value)).toEqual({ refused: { field: "muster", problem: "must be an object" } });
  });

  test("is taken as it is or refused with its code, whatever comes", () => {
    const values = fc.oneof(mutated(config), fc.jsonValue(), fc.anything());
    expect(firstMistake({ ...decoding, decoder: memberDecoder }, values)).toBeNull();
  });
});

test.each([null, [], "x", 7, undefined])("a file that is %j is refused", (value) => {
  expect(outcomeOf(decoding, value)).toHaveProperty("refused");
});

describe("the gateway's address", () => {
  test.each(["localhost:1", "127.0.0.1:8443", "[::1]:8443", "gateway.example.com:65535"])(
    "%s is one",
    (value) => {
      expect(address(value)).toEqual({ accepted: value });
    },
  );

  test.each([
    "",
    "gateway",
    ":8443",
    "gateway:",
    "gateway:0",
    "gateway:65536",
    "gateway:99999",
    "https://gateway:1",
    "a b:1",
    "::1:1",
    "u@h:1",
    `${"a".repeat(260)}:1`,
  ])("%j is not", (value) => expect(address(value)).toHaveProperty("refused"));
});

describe("labels", () => {
  test.each<object>([{}, { a: "" }, { "a.b/c_d-e": "x:1@y/z" }, { site: "rack 4" }, { constructor: "x" }])(
    "%j are labels",
    (value) => {
      expect(labels(value)).toHaveProperty("accepted");
    },
  );

  test.each<object>([
    { "": "x" },
    { "-a": "x" },
    { "a b": "x" },
    { "a=b": "x" },
    { ["k".repeat(64)]: "x" },
    { a: "x,y" },
    { a: "x=y" },
    { a: " x" },
    { a: "x " },
    { a: " " },
    { a: "x\n" },
    { a: "v".repeat(129) },
    { a: "é" },
    { a: 1 },
    JSON.parse('{"__proto__": "x"}') as object,
    Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, ""])),
  ])("are refused: %#", (value) => expect(labels(value)).toHaveProperty("refused"));
});
