import { agentListQuerySchema } from "@muster/protocol/http";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hasTerm, readFilter, toggleTerm } from "./filter.ts";

test("a line is sent as it is, and an empty one asks for nothing", () => {
  const line = "web 01 version:<2.6 is:offline (os:linux or -env=production)";
  expect(readFilter(` ${line} `)).toEqual({ query: { filter: line }, problems: [] });
  expect(readFilter("  ")).toEqual({ query: {}, problems: [] });
});

function problem(line: string): string | undefined {
  const { query, problems } = readFilter(line);
  expect(query).toEqual({});
  return problems[0];
}

test("what is not understood is named with its place, not dropped in silence", () => {
  expect(problem("web foo:bar")).toMatch(/^expected one of the fields id, .* at 5, before “foo:bar”$/);
  expect(problem("is:happy")).toContain("expected one of online, failed, stuck, revoked, offline at 4");
  expect(problem("version:")).toBe("expected a value at 9, the end");
});

test("any line gives a query that the API takes, or a problem", () => {
  const word = fc.constantFrom("is:online", "version:1.0.0", "a=b", "a!=b", "host", "x:y", "=", "(", "or");
  const line = fc.oneof(
    fc.string({ maxLength: 16 }),
    fc.array(word).map((terms) => terms.join(" ")),
  );
  fc.assert(
    fc.property(line, (text) => {
      const { query, problems } = readFilter(text);
      expect(agentListQuerySchema.safeParse(query).success || problems.length > 0).toBe(true);
    }),
  );
});

test("a click adds a term, and a second one takes it away", () => {
  const once = toggleTerm("web", "is:offline");
  expect(once).toBe("web is:offline");
  expect(hasTerm(once, "is:offline")).toBe(true);
  expect(toggleTerm(once, "is:offline")).toBe("web");
});

test("a click on another value of a field takes the place of the first", () => {
  expect(toggleTerm("version:1.0.0 web", "version:1.1.0")).toBe("web version:1.1.0");
  expect(toggleTerm("env=staging", "env=production")).toBe("env=production");
  expect(toggleTerm("is:online", "is:offline")).toBe("is:offline");
});

test("a label with a space in its value stays one term", () => {
  const once = toggleTerm("web", 'site="rack 4"');
  expect(once).toBe('web site="rack 4"');
  expect(toggleTerm(once, 'site="rack 4"')).toBe("web");
});
