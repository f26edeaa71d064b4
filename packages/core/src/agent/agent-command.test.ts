import { describe, expect, test } from "vitest";
import { AGENT_COMMAND_NAMES, requireCommandable, type AgentCommand } from "./agent-command.ts";

const ALL = ["diagnostics", "log_level", "restart"];

test("the list is fixed, and has no shell", () => {
  expect(AGENT_COMMAND_NAMES).toEqual(["ping", "diagnostics", "log_level", "restart"]);
});

test.each<[AgentCommand]>([
  [{ name: "ping", arguments: {} }],
  [{ name: "diagnostics", arguments: {} }],
  [{ name: "log_level", arguments: { level: "debug" } }],
  [{ name: "restart", arguments: {} }],
])("%j is carried out by an agent that can", (command) => {
  expect(() => requireCommandable(command, ALL)).not.toThrow();
});

describe("is refused:", () => {
  test.each<[AgentCommand, readonly string[], string]>([
    [{ name: "log_level", arguments: {} }, ALL, "COMMAND_INVALID"],
    [{ name: "log_level", arguments: { level: "loud" } }, ALL, "COMMAND_INVALID"],
    [{ name: "restart", arguments: { after: "rm -rf /" } }, ALL, "COMMAND_INVALID"],
    [{ name: "restart", arguments: {} }, ["diagnostics"], "COMMAND_UNSUPPORTED"],
  ])("%j for an agent with %j", (command, capabilities, code) => {
    expect(() => requireCommandable(command, capabilities)).toThrow(expect.objectContaining({ code }));
  });
});
