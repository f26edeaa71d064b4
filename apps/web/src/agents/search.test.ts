import { AGENT_SORTS } from "@muster/protocol/http";
import { expect, test } from "vitest";
import { nextSort, readAgentSearch, sortDirection } from "./search.ts";

test("what does not belong into the address is left out", () => {
  expect(readAgentSearch({ q: "  is:online ", sort: "-version", cursor: "x" })).toEqual({
    q: "is:online",
    sort: "-version",
  });
  // Undefined, not absent: the router lays it over what the address holds.
  expect(readAgentSearch({ q: 5, sort: "drop table" })).toStrictEqual({ q: undefined, sort: undefined });
});

test("every order of the API can stand in the address", () => {
  for (const sort of AGENT_SORTS) expect(readAgentSearch({ sort })).toEqual({ sort });
});

test("the list is by host until it is said otherwise, and a second click turns the order round", () => {
  expect(sortDirection(undefined, "hostname")).toBe("ascending");
  expect(nextSort(undefined, "hostname")).toBe("-hostname");
  expect(nextSort("-hostname", "hostname")).toBe("hostname");
  expect(nextSort("-hostname", "lastSeenAt")).toBe("lastSeenAt");
  expect(sortDirection("-version", "version")).toBe("descending");
});
