import fc from "fast-check";
import {
  allOf,
  anyOf,
  EVERY_AGENT,
  type Filter,
  FILTER_FLAGS,
  notOf,
  type Pattern,
} from "../filter/filter.ts";
import type { FilterAgent } from "../filter/match-filter.ts";

const HOUR = 3_600_000;
const STATES = ["pending", "downloading", "healthy", "failed", "rolled_back"] as const;
const VERSIONS = ["1.9.0", "2.0.0-rc.1", "2.0.0", "2.5.1", "10.0.0"] as const;

const text = fc.oneof(
  fc.constantFrom(
    "web",
    "Web-01",
    "db 2",
    "a,b",
    'q"q',
    "back\\slash",
    "or",
    "-x",
    "<2",
    "linux",
    "ag_1",
    "%_",
  ),
  fc.string({ minLength: 1, maxLength: 8 }),
);
const pattern = (part: fc.Arbitrary<string>): fc.Arbitrary<Pattern> =>
  fc.oneof(
    part.map((only) => [only]),
    fc.tuple(fc.oneof(part, fc.constant("")), part).map(([head, tail]) => [head, tail]),
    part.map((middle) => ["", middle, ""]),
  );
const labelText = fc.constantFrom("production", "staging", "r 4", "eu-1:a", "x@y");
const labelKey = fc.constantFrom("env", "rack", "canary", "zone/a.b");

const condition: fc.Arbitrary<Filter> = fc.oneof(
  text.map((word): Filter => ({ kind: "word", text: word })),
  fc.record({
    kind: fc.constant("text" as const),
    field: fc.constantFrom("id", "hostname", "product", "os", "arch"),
    is: pattern(text),
  }),
  fc.record({
    kind: fc.constant("label" as const),
    key: labelKey,
    is: fc.oneof(fc.constant(null), fc.constant([""]), pattern(labelText)),
  }),
  fc.record({
    kind: fc.constant("version" as const),
    op: fc.constantFrom("=", "<", "<=", ">", ">="),
    version: fc.constantFrom("2", "2.5", ...VERSIONS),
  }),
  fc.constantFrom<Filter>({ kind: "version_unknown" }, { kind: "never_seen" }, EVERY_AGENT),
  fc.record({ kind: fc.constant("state" as const), state: fc.constantFrom(...STATES, "none") }),
  fc.record({ kind: fc.constant("is" as const), flag: fc.constantFrom(...FILTER_FLAGS) }),
  fc.record({ kind: fc.constant("target" as const), version: fc.constantFrom(...VERSIONS) }),
  fc.record({
    kind: fc.constant("age" as const),
    of: fc.constantFrom("last_seen", "enrolled"),
    op: fc.constantFrom("<", ">"),
    ms: fc.integer({ min: 0, max: 40 }).map((hours) => hours * HOUR),
  }),
  text.map((group): Filter => ({ kind: "group", group })),
);

/** Filters as `parseFilter` gives them, with nested alternatives and negations. */
export const aFilter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    condition,
    fc.array(tie("filter"), { minLength: 1, maxLength: 3 }).map(allOf),
    fc.array(tie("filter"), { minLength: 1, maxLength: 3 }).map(anyOf),
    tie("filter").map(notOf),
  ),
})).filter;

/** Agents of which each condition of `aFilter` meets some. */
export function aFilterAgent(now: number): fc.Arbitrary<FilterAgent> {
  return fc.record({
    id: fc.constantFrom("ag_1", "ag_2", "web"),
    hostname: fc.oneof(fc.constantFrom("Web-01", "db 2", "a%_b", "linux"), text),
    product: fc.constantFrom("app", "web"),
    version: fc.constantFrom(null, ...VERSIONS),
    os: fc.constantFrom("linux", "darwin"),
    arch: fc.constantFrom("amd64", "arm64"),
    labels: fc.dictionary(labelKey, fc.oneof(labelText, fc.constant("")), { maxKeys: 3 }),
    online: fc.boolean(),
    revoked: fc.boolean(),
    enrolledAt: fc.integer({ min: 0, max: 50 }).map((hours) => now - hours * HOUR),
    lastSeenAt: fc.option(fc.integer({ min: 0, max: 50 }).map((hours) => now - hours * HOUR)),
    targetState: fc.option(fc.constantFrom(...STATES)),
    targetVersion: fc.option(fc.constantFrom(...VERSIONS)),
    stuck: fc.boolean(),
    groups: fc.array(fc.constantFrom("grp_1", "edge"), { maxLength: 2 }),
  });
}

/** Text that is nearly a filter, and text that is anything. */
export const filterText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        ...'os: version: < >= 2.6 linux , - ! ( ) or and not env = != tag: " \\ * web last_seen: 1h is: online state: failed , :'.split(
          " ",
        ),
        " ",
        " ",
        "\u0000",
      ),
      { maxLength: 24 },
    )
    .map((parts) => parts.join("")),
);
