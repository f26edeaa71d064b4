import { agentListQuerySchema } from "@muster/protocol/http";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hasTerm, parseFilter, toggleTerm } from "./filter.ts";

test("every kind of term finds its place in the query", () => {
  expect(parseFilter("web 01 version:1.2.0 is:offline os:linux env=production role!=db")).toEqual({
    query: {
      version: "1.2.0",
      online: "false",
      os: "linux",
      search: "web 01",
      labels: "env=production,role!=db",
    },
    problems: [],
  });
});

test("version:unknown asks for the agents that have reported none", () => {
  expect(parseFilter("version:unknown").query).toEqual({ attention: "unknown_version" });
});

test("is:failed and is:stuck ask for exactly what the overview counts", () => {
  expect(parseFilter("is:failed").query).toEqual({ attention: "failed" });
  expect(parseFilter("is:stuck").query).toEqual({ attention: "stuck" });
});

test("what is not understood is named, not dropped in silence", () => {
  expect(parseFilter("foo:bar").problems).toEqual([
    "foo: is not a field: use version, state, product, os, arch, is",
  ]);
  expect(parseFilter("is:happy").problems[0]).toContain("is:happy is not known");
  expect(parseFilter("version:").problems).toEqual(["version: has no value"]);
  expect(parseFilter("=x").problems[0]).toContain("=x is not a label condition");
  expect(parseFilter("env=").problems[0]).toContain("env= is not a label condition");
});

test("two conditions on one thing are a problem, since no agent can meet both", () => {
  expect(parseFilter("is:online is:offline").problems).toEqual([
    "is:offline is a second condition on the same thing",
  ]);
});

test("a label's value may hold a colon", () => {
  expect(parseFilter("url=a:b")).toEqual({ query: { labels: "url=a:b" }, problems: [] });
});

test("any line gives a query that the API takes, or a problem", () => {
  const word = fc.constantFrom(
    "is:online",
    "version:1.0.0",
    "a=b",
    "a!=b",
    "host",
    "state:failed",
    "x:y",
    "=",
  );
  const line = fc.oneof(
    fc.string({ maxLength: 16 }),
    fc.array(word).map((terms) => terms.join(" ")),
  );
  fc.assert(
    fc.property(line, (text) => {
      const { query, problems } = parseFilter(text);
      expect(agentListQuerySchema.safeParse(query).success || problems.length > 0).toBe(true);
    }),
  );
});

test("a click adds a term, and a second one takes it away", () => {
  const once = toggleTerm("web", "is:online");
  expect(once).toBe("web is:online");
  expect(hasTerm(once, "is:online")).toBe(true);
  expect(toggleTerm(once, "is:online")).toBe("web");
});

test("a click on another value of a field takes the place of the first", () => {
  expect(toggleTerm("version:1.0.0 web", "version:1.1.0")).toBe("web version:1.1.0");
  expect(toggleTerm("env=staging", "env=production")).toBe("env=production");
});
