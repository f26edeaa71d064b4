import { expect, test } from "vitest";
import { agentsCommand } from "./commands.ts";

test("a filter is the same on the command line", () => {
  expect(agentsCommand("web version:<1.2 env!=production")).toBe(
    "muster agents list --filter 'web version:<1.2 env!=production'",
  );
  expect(agentsCommand("")).toBe("muster agents list");
});
