import { describe, expect, test } from "vitest";
import * as fc from "fast-check";
import { MusterError } from "@muster/core";
import { parseBenchArguments } from "./bench-arguments.ts";
import { parseRunArguments, RUN_FLAGS } from "./run-arguments.ts";
import { parseAmount, parseDuration, parsePlatform } from "./values.ts";

const NEEDED = ["--server", "gate.example:8443", "--token", "secret", "--trust-anchor", "anchor.json"];
const usageError = expect.objectContaining({ code: "USAGE_INVALID" });

test("a run without faults has only healthy agents", () => {
  const options = parseRunArguments(NEEDED);
  expect(options).toMatchObject({ gateway: "gate.example:8443", agents: 100, mix: [], processes: 1 });
  expect(options).toMatchObject({ forMs: null, json: false, labels: { simulated: "yes" } });
});

test("faults are read with how many agents have them", () => {
  const line =
    "--fail 1% --roll-back 2 --silent 0.5% --silent-at staging --offline 3 --offline-for 2m --slow 4 --slow-by 1.5s";
  expect(parseRunArguments([...NEEDED, ...line.split(" ")]).mix).toEqual([
    { profile: { kind: "fails_preflight" }, amount: { percent: 1 } },
    { profile: { kind: "rolls_back" }, amount: { count: 2 } },
    { profile: { kind: "silent", at: "staging" }, amount: { percent: 0.5 } },
    { profile: { kind: "offline", forMs: 120_000 }, amount: { count: 3 } },
    { profile: { kind: "slow", byMs: 1500 }, amount: { count: 4 } },
  ]);
});

test("the bench measures everything unless told, each with as many agents as the goal asks for", () => {
  expect(parseBenchArguments([])).toEqual({
    agents: 2400,
    streams: 2400,
    only: ["streams", "push", "rollout", "faults", "downtime", "footprint"],
    idleSeconds: 180,
    jsonFile: null,
    profileFolder: null,
  });
  expect(parseBenchArguments("--agents 9 --only push,footprint --idle 9 --json f.json".split(" "))).toEqual({
    agents: 9,
    streams: 9,
    only: ["push", "footprint"],
    idleSeconds: 9,
    jsonFile: "f.json",
    profileFolder: null,
  });
});

describe("refused", () => {
  test.each([
    ["--server", "gate.example"],
    ["--agents", "0"],
    ["--version", "v1.0.0"],
    ["--fail", "101%"],
    ["--x"],
  ])("run %j", (...wrong) => {
    expect(() => parseRunArguments([...NEEDED, ...wrong])).toThrow(usageError);
  });

  test("a run without its token", () => {
    expect(() => parseRunArguments(NEEDED.slice(0, 2))).toThrow(usageError);
  });

  test("a flag given twice that counts once", () => {
    expect(() => parseRunArguments([...NEEDED, "--seed", "1", "--seed", "2"])).toThrow(usageError);
  });

  test.each(["", "x", "push,,streams"])("bench --only %j", (only) => {
    expect(() => parseBenchArguments(["--only", only])).toThrow(usageError);
  });

  test.each(["-1", "1.5", "1e3", "%", " 1", "100.1%"])("the amount %j", (text) => {
    expect(() => parseAmount(text)).toThrow(usageError);
  });

  test.each(["5", "s", "1d", "-1s", "1 s"])("the time %j", (text) => {
    expect(() => parseDuration(text)).toThrow(usageError);
  });

  test.each(["linux", "linux/x64", "linux/amd64/x", "/"])("the platform %j", (text) => {
    expect(() => parsePlatform(text)).toThrow(usageError);
  });
});

test("whatever stands on the command line, it is read or refused as wrong usage", () => {
  const flag = fc.constantFrom(...Object.keys(RUN_FLAGS)).map((name) => `--${name}`);
  const word = fc.oneof(flag, fc.string(), fc.constantFrom("1%", "5s", "a=b", "1.2.3"));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (words) => {
      try {
        return parseRunArguments([...NEEDED, ...words]).agents > 0;
      } catch (error) {
        return error instanceof MusterError && error.code === "USAGE_INVALID";
      }
    }),
  );
});
