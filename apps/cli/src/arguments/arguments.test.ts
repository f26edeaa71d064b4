import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDuration } from "./duration.ts";
import { parseLabel, parseList } from "./labels.ts";
import { parseCount, parseShareOrCount } from "./numbers.ts";
import { parseTime } from "./time.ts";
import { parseName, parseVersionArgument } from "./version.ts";
import { parseWaves } from "./waves.ts";

const USAGE = expect.objectContaining({ code: "USAGE_INVALID" });

describe("a duration", () => {
  test.each([
    ["0", 0],
    ["250ms", 250],
    ["90s", 90_000],
    ["10m", 600_000],
    ["1.5h", 5_400_000],
    ["1h30m", 5_400_000],
    ["2d", 172_800_000],
  ])("%s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(["", "10", "m", "-5m", "5 m", "10min", "1e3s", "m5", "9999999999999999999d", "5m,"])(
    "%j is refused",
    (text) => {
      expect(() => parseDuration(text)).toThrow(USAGE);
    },
  );
});

describe("waves", () => {
  test("are shares, numbers of agents, or a preset", () => {
    expect(parseWaves("5%,25%,100%")).toEqual([{ percent: 5 }, { percent: 25 }, { percent: 100 }]);
    expect(parseWaves("1, 12.5%, 100%")).toEqual([{ count: 1 }, { percent: 12.5 }, { percent: 100 }]);
    expect(parseWaves("5/25/100")).toEqual(parseWaves("5%,25%,100%"));
    expect(parseWaves("100%")).toEqual([{ percent: 100 }]);
  });

  test.each([
    "",
    "5%,25%",
    "25%,5%,100%",
    "5%,5%,100%",
    "10,5,100%",
    "5/50/100",
    "0%,100%",
    "101%",
    "5%,,100%",
    "all",
  ])("%j is refused", (text) => {
    expect(() => parseWaves(text)).toThrow(USAGE);
  });
});

describe("numbers", () => {
  test("of failures are a share or a count", () => {
    expect(parseShareOrCount("2")).toEqual({ count: 2 });
    expect(parseShareOrCount("2.5%")).toEqual({ percent: 2.5 });
  });

  test.each(["0", "0%", "-1", "1.5", "100.1%", "%", "two", "1e3", " 2"])(
    "%j is no share and no count",
    (text) => {
      expect(() => parseShareOrCount(text)).toThrow(USAGE);
    },
  );

  test("are whole and not below the least", () => {
    expect(parseCount(0)("0")).toBe(0);
    for (const text of ["0", "-1", "1.0", "0x10", "", "99999999999999999"]) {
      expect(() => parseCount(1)(text)).toThrow(USAGE);
    }
  });
});

describe("labels and lists", () => {
  test("a label is split at its first =", () => {
    expect(parseLabel("env=production")).toEqual(["env", "production"]);
    expect(() => parseLabel("a=b=c")).toThrow(USAGE);
  });

  test.each(["", "env", "=x", "-env=x", "env=<script>"])("the label %j is refused", (text) => {
    expect(() => parseLabel(text)).toThrow(USAGE);
  });

  test("a list has no empty parts", () => {
    expect(parseList("a, b")).toEqual(["a", "b"]);
    expect(() => parseList("a,,b")).toThrow(USAGE);
    expect(() => parseList("")).toThrow(USAGE);
  });
});

describe("a time, a version and a name", () => {
  test("a time has its zone", () => {
    expect(parseTime("2030-01-31T22:00:00Z")).toBe(Date.UTC(2030, 0, 31, 22));
    expect(parseTime("2030-01-31T22:00+01:00")).toBe(Date.UTC(2030, 0, 31, 21));
  });

  test.each(["2030-01-31", "2030-01-31T22:00:00", "tomorrow", "2030-13-31T22:00:00Z", "22:00"])(
    "the time %j is refused",
    (text) => {
      expect(() => parseTime(text)).toThrow(USAGE);
    },
  );

  test("a version has no v, and a name is lower-case", () => {
    expect(parseVersionArgument("1.2.3-rc.1")).toBe("1.2.3-rc.1");
    for (const text of ["v1.2.3", "1.2", "latest"]) expect(() => parseVersionArgument(text)).toThrow(USAGE);
    expect(parseName("acme-agent")).toBe("acme-agent");
    for (const text of ["Acme", "", "a/b", "../x"]) expect(() => parseName(text)).toThrow(USAGE);
  });
});

const refusal = (parse: (text: string) => unknown, text: string) => {
  try {
    parse(text);
    return "read";
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : "crashed";
  }
};

test("whatever is typed, an argument is read or refused as wrong usage", () => {
  const parsers = [
    parseDuration,
    parseWaves,
    parseShareOrCount,
    parseCount(1),
    parseLabel,
    parseList,
    parseTime,
    parseName,
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...parsers),
      fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-z%,/=.:-]{1,12}$/)),
      (parse, text) => {
        expect(["read", "USAGE_INVALID"]).toContain(refusal(parse, text));
      },
    ),
  );
});
