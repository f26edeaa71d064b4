import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Instruction } from "../gateway/ports.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { OPERATOR } from "../testing/operator.ts";
import { anAgent } from "../testing/rows.ts";
import { openDatabase, type Database } from "../store/database.ts";
import { openCommands } from "./commands.ts";
import { COMMAND_TIMEOUT_MS } from "./ports.ts";

let db: Database;
const clock = createFakeClock();
const sent: { agentId: string; instruction: Instruction }[] = [];
const written: string[] = [];
let connected = new Set<string>();
const caller = {
  actor: OPERATOR,
  audit: {
    record: async () => {},
    recordIn: async (_: unknown, ...deeds: readonly { readonly action: string }[]) =>
      void written.push(...deeds.map(({ action }) => action)),
  },
};
let onSend = () => {};
let ids = 0;
const open = () =>
  openCommands({
    db,
    clock,
    newId: () => `c${(ids += 1)}`,
    line: () => ({
      isConnected: (agentId) => connected.has(agentId),
      send: (agentId, instruction) => {
        onSend();
        sent.push({ agentId, instruction });
        return connected.has(agentId);
      },
    }),
  });
const PING = { name: "ping", arguments: {} } as const;
/** Everything that was begun has come as far as it can without the clock. */
const quiet = () => new Promise((resolve) => setTimeout(resolve, 20));

beforeEach(async () => {
  db = await openDatabase({ path: ":memory:" });
  const capabilities_json = JSON.stringify(["diagnostics", "log_level"]);
  await db
    .insertInto("agents")
    .values([anAgent("a1", { capabilities_json }), anAgent("a2")])
    .execute();
  connected = new Set(["a1", "a2"]);
  onSend = () => {};
  sent.length = 0;
  written.length = 0;
});
afterEach(() => db.destroy());

describe("a command", () => {
  test("is written down, sent once, and ends with the agent's answer", async () => {
    const commands = await open();
    const running = commands.run("a1", { name: "log_level", arguments: { level: "debug" } }, caller);
    await quiet();
    const [{ instruction } = { instruction: null }] = sent;
    if (instruction?.kind !== "command") throw new Error("no command was sent");
    expect(instruction).toMatchObject({ name: "log_level", arguments: { level: "debug" } });
    expect(written).toEqual(["agent.command"]);
    commands.answered("a2", { commandId: instruction.commandId, ok: true, output: "not mine" });
    commands.answered("a1", { commandId: instruction.commandId, ok: true, output: "debug" });
    expect(await running).toMatchObject({ state: "ok", output: "debug", requestedBy: "olga" });
    commands.answered("a1", { commandId: instruction.commandId, ok: false, output: "again" });
    expect(await commands.list("a1", { limit: 10 })).toMatchObject({
      total: 1,
      items: [{ state: "ok", output: "debug" }],
    });
    expect(sent).toHaveLength(1);
  });

  test("that is not answered ends after half a minute", async () => {
    const commands = await open();
    const running = commands.run("a1", PING, caller);
    await quiet();
    clock.goTo(clock.now() + COMMAND_TIMEOUT_MS);
    expect(await running).toMatchObject({ state: "timed_out" });
  });

  test("that was under way when the server ended has timed out when it starts again, and is not sent again", async () => {
    const commands = await open();
    void commands.run("a1", PING, caller);
    await quiet();
    const again = await open();
    expect(await again.list("a1", { limit: 10 })).toMatchObject({ items: [{ state: "timed_out" }] });
    expect(sent).toHaveLength(1);
  });

  test("whose connection ends before it is sent has failed", async () => {
    const commands = await open();
    onSend = () => connected.clear();
    expect(await commands.run("a1", PING, caller)).toMatchObject({ state: "failed" });
  });
});

describe("is refused, and nothing is written or sent:", () => {
  test.each([
    ["of an agent that is not there", "nobody", PING, "AGENT_NOT_FOUND"],
    ["that the agent does not have", "a1", { name: "restart", arguments: {} }, "COMMAND_UNSUPPORTED"],
    [
      "with an argument that it does not take",
      "a1",
      { name: "ping", arguments: { x: "1" } },
      "COMMAND_INVALID",
    ],
  ] as const)("a command %s", async (_, agentId, command, code) => {
    const commands = await open();
    await expect(commands.run(agentId, command, caller)).rejects.toMatchObject({ code });
    expect([written, sent]).toEqual([[], []]);
  });

  test("one to an agent that is not connected", async () => {
    const commands = await open();
    connected = new Set();
    await expect(commands.run("a1", PING, caller)).rejects.toMatchObject({ code: "AGENT_OFFLINE" });
    expect([written, sent]).toEqual([[], []]);
  });
});
