import { expect, test } from "vitest";
import { agentsCommand } from "./commands.ts";
import { parseFilter } from "./filter.ts";

test("a filter is the same on the command line", () => {
  const { query } = parseFilter("web version:1.2.0 is:offline env!=production");
  expect(agentsCommand(query)).toBe(
    "muster agents list --labels 'env!=production' --version 1.2.0 --search web --offline",
  );
  expect(agentsCommand({})).toBe("muster agents list");
});

test("a filter that the command line cannot say gives no command that would show others", () => {
  expect(agentsCommand(parseFilter("web is:stuck").query)).toBeNull();
});
