import { type AgentCommand, MusterError, requireCommandable } from "@muster/core";
import type { CommandView } from "@muster/protocol/http";
import { sql } from "kysely";
import type { AgentLine } from "../gateway/ports.ts";
import type { Clock } from "../ports.ts";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import type { CommandRow } from "../store/schema.ts";
import {
  COMMAND_TIMEOUT_MS,
  type CommandAnswer,
  type CommandCaller,
  type CommandDesk,
  type Commands,
} from "./ports.ts";

export interface CommandPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly line: () => AgentLine | null;
}

/** How a command ended. */
type Ending = Pick<CommandView, "state" | "output">;

/** The answers that are waited for, by command. */
type Waiting = Map<string, { readonly agentId: string; readonly end: (ending: Ending) => void }>;

const LOST: Ending = { state: "timed_out", output: "" };

/** Commands over the gateway's line; what is under way when the server ends is written down as timed out at the next start. */
export async function openCommands(ports: CommandPorts): Promise<Commands & CommandDesk> {
  const { db, clock, newId, line } = ports;
  const waiting: Waiting = new Map();
  await db
    .updateTable("commands")
    .set({ ...LOST, ended_at: clock.now() })
    .where("ended_at", "is", null)
    .execute();

  return {
    run: async (agentId, command, caller) => {
      const agent = await readAgent(db, agentId);
      requireCommandable(command, JSON.parse(agent.capabilities_json) as string[]);
      if (!line()?.isConnected(agentId)) throw new MusterError("AGENT_OFFLINE", { agent: agentId });
      const row = rowOf({ id: newId(), agentId, command, at: clock.now(), by: caller.actor.name });
      await begin(db, row, caller);
      // It is written down first: what nobody has a record of is never done.
      const ending = await answerOf(ports, waiting, { agentId, commandId: row.id, command });
      const ended = { ...row, ...ending, ended_at: clock.now() };
      await db.updateTable("commands").set(ended).where("id", "=", row.id).execute();
      return toView(ended);
    },
    list: async (agentId, query) => {
      await readAgent(db, agentId);
      const commands = db.selectFrom("commands").selectAll().where("agent_id", "=", agentId);
      const { items, nextCursor } = await readPage(commands, query, {
        sort: sql.ref("id"),
        id: sql.ref("id"),
        type: "string",
        descending: true,
        placeOf: ({ id }) => ({ sort: id, id }),
      });
      const { total } = await db
        .selectFrom("commands")
        .select(({ fn }) => fn.countAll<number>().as("total"))
        .where("agent_id", "=", agentId)
        .executeTakeFirstOrThrow();
      return { items: items.map(toView), nextCursor, total };
    },
    answered: (agentId, { commandId, ok, output }: CommandAnswer) => {
      const asked = waiting.get(commandId);
      if (asked?.agentId === agentId) asked.end({ state: ok ? "ok" : "failed", output });
    },
  };
}

async function begin(db: Database, row: CommandRow, { audit }: CommandCaller): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.insertInto("commands").values(row).execute();
    await audit.recordIn(trx, {
      action: "agent.command",
      resource: { kind: "agent", id: row.agent_id },
      details: {
        command: row.name,
        commandId: row.id,
        ...(JSON.parse(row.arguments_json) as Record<string, string>),
      },
    });
  });
}

/** Sends it once and waits for the answer, for as long as an agent has. */
async function answerOf(
  { clock, line }: CommandPorts,
  waiting: Waiting,
  asked: { readonly agentId: string; readonly commandId: string; readonly command: AgentCommand },
): Promise<Ending> {
  const { agentId, commandId, command } = asked;
  const { promise, resolve: end } = Promise.withResolvers<Ending>();
  waiting.set(commandId, { agentId, end });
  const callOff = clock.wakeAt(clock.now() + COMMAND_TIMEOUT_MS, () => end(LOST));
  const isSent = line()?.send(agentId, { kind: "command", commandId, ...command }) ?? false;
  if (!isSent) end({ state: "failed", output: "the agent's connection ended before the command was sent" });
  const ending = await promise;
  callOff();
  waiting.delete(commandId);
  return ending;
}

async function readAgent(db: Database, id: string) {
  const row = await db
    .selectFrom("agents")
    .select("capabilities_json")
    .where("id", "=", id)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  if (!row) throw new MusterError("AGENT_NOT_FOUND", { agent: id });
  return row;
}

function rowOf(asked: {
  readonly id: string;
  readonly agentId: string;
  readonly command: AgentCommand;
  readonly at: number;
  readonly by: string;
}): CommandRow {
  return {
    id: asked.id,
    agent_id: asked.agentId,
    name: asked.command.name,
    arguments_json: JSON.stringify(asked.command.arguments),
    state: "sent",
    output: "",
    requested_at: asked.at,
    requested_by: asked.by,
    ended_at: null,
  };
}

function toView(row: CommandRow): CommandView {
  return {
    id: row.id,
    agentId: row.agent_id,
    name: row.name as CommandView["name"],
    arguments: JSON.parse(row.arguments_json) as Record<string, string>,
    state: row.state as CommandView["state"],
    output: row.output,
    requestedAt: row.requested_at,
    requestedBy: row.requested_by,
    endedAt: row.ended_at,
  };
}
