import { expect, test } from "vitest";
import { cohortMatcher, matchesCohort, parseCohort, type CohortAgent } from "./cohort.ts";

const agent: CohortAgent = {
  id: "a1",
  product: "acme",
  version: "1.0.0",
  os: "linux",
  arch: "amd64",
  labels: { env: "production" },
};

test("everyone is in the cohort of all", () => {
  expect(matchesCohort({ kind: "all" }, agent)).toBe(true);
});

test("a list has who it names", () => {
  const isMember = cohortMatcher({ kind: "agents", ids: ["a1", "a2"] });
  expect([isMember(agent), isMember({ ...agent, id: "a3" })]).toEqual([true, false]);
});

test("an expression has who matches it", () => {
  expect(matchesCohort({ kind: "labels", expression: "env=production,os!=windows" }, agent)).toBe(true);
  expect(matchesCohort({ kind: "labels", expression: "env=staging" }, agent)).toBe(false);
});

test("an agent named twice is in a cohort once", () => {
  expect(parseCohort({ kind: "agents", ids: ["a", "b", "a"] })).toEqual({ kind: "agents", ids: ["a", "b"] });
});

test.each<[unknown, string]>([
  [undefined, "(root)"],
  ["all", "(root)"],
  [{}, "kind"],
  [{ kind: "everyone" }, "kind"],
  [{ kind: "all", ids: [] }, "ids"],
  [{ kind: "agents" }, "ids"],
  [{ kind: "agents", ids: [] }, "ids"],
  [{ kind: "agents", ids: ["../x"] }, "ids[0]"],
  [{ kind: "agents", ids: ["a", 7] }, "ids[1]"],
  [{ kind: "agents", ids: Array.from({ length: 100_001 }, () => "a") }, "ids"],
  [{ kind: "labels", expression: "" }, "expression"],
  [{ kind: "labels", expression: "a=,=" }, "expression"],
  [{ kind: "__proto__" }, "kind"],
])("%j is refused at %s", (value, field) => {
  expect(() => parseCohort(value)).toThrow(
    expect.objectContaining({
      code: "ROLLOUT_COHORT_INVALID",
      details: expect.objectContaining({ field }),
    }),
  );
});
