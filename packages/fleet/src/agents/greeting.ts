import { MusterError, type RuleAgent } from "@muster/core";
import type { EventJournal } from "../events/ports.ts";
import type { AgentHello, Instruction } from "../gateway/ports.ts";
import type { TargetDesk } from "../rollout/ports.ts";
import { insertAll } from "../store/bulk.ts";
import type { Database } from "../store/database.ts";
import { agentEvent } from "./agent-events.ts";
import { helloColumns, labelRows, mergeLabels } from "./mapping.ts";

export interface Greeting {
  readonly hello: AgentHello;
  readonly at: number;
}

export interface GreetingPorts {
  readonly db: Database;
  readonly events: EventJournal;
  readonly targets: Pick<TargetDesk, "untaken">;
  /** Since when the agent is connected; it may have gone again while its hello waited. */
  readonly connectedSince: (agentId: string) => number | null;
  /** Told of every agent whose hello is recorded, with all its labels, once that is durable. */
  readonly onRecorded: (agent: RuleAgent) => void;
}

/** A sequence a host may have seen; above it a number could no longer rise. */
const SEQUENCE_MAX = 2 ** 48;

/** Records what agents say of themselves and answers each with what it has not taken yet, all in one transaction. */
export async function greetAgents(
  { db, events, targets, connectedSince, onRecorded }: GreetingPorts,
  greetings: readonly Greeting[],
): Promise<(readonly Instruction[] | Error)[]> {
  const recorded: RuleAgent[] = [];
  const answers = await db.transaction().execute(async (trx) => {
    const known = await readKnown(trx, greetings);
    const refusals = new Map<Greeting, Error>();
    for (const greeting of greetings) {
      const row = known.get(greeting.hello.agentId);
      const refusal = refusalOf(greeting.hello, row);
      if (refusal) refusals.set(greeting, refusal);
      else if (row) recorded.push(await record(trx, greeting, { ...row, connectedSince }));
    }
    const returned = new Map(
      recorded.filter(({ id }) => known.get(id)?.connected_at === null).map((agent) => [agent.id, agent]),
    );
    await events.append(
      trx,
      [...returned.values()].map(({ id, product }) => agentEvent(id, "agent_online", { product })),
    );
    const accepted = greetings.filter((greeting) => !refusals.has(greeting)).map(({ hello }) => hello);
    const untaken = await targets.untaken(trx, accepted);
    return greetings.map((greeting) => refusals.get(greeting) ?? untaken.get(greeting.hello.agentId) ?? []);
  });
  for (const agent of recorded) onRecorded(agent);
  return answers;
}

interface Known {
  readonly product: string;
  readonly labels_json: string;
  readonly assigned_labels_json: string;
  readonly sequence: number;
  readonly connected_at: number | null;
}

async function readKnown(trx: Database, greetings: readonly Greeting[]): Promise<Map<string, Known>> {
  const ids = greetings.map(({ hello }) => hello.agentId);
  const rows = await trx
    .selectFrom("agents")
    .select(["id", "product", "labels_json", "assigned_labels_json", "sequence", "connected_at"])
    .where("id", "in", ids)
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

function refusalOf(hello: AgentHello, row: Known | undefined): Error | undefined {
  if (!row) return new MusterError("AGENT_NOT_FOUND", { agent: hello.agentId });
  if (row.product === hello.product) return undefined;
  // A token may let in only one product; a host that changes to another enrols anew.
  const details = { agent: hello.agentId, enrolled: row.product, says: hello.product };
  return new MusterError("AGENT_IDENTITY_MISMATCH", details);
}

async function record(
  trx: Database,
  { hello, at }: Greeting,
  row: Known & Pick<GreetingPorts, "connectedSince">,
): Promise<RuleAgent> {
  const { agentId } = hello;
  const labels = mergeLabels(hello.labels, JSON.parse(row.assigned_labels_json) as Record<string, string>);
  const labelsJson = JSON.stringify(labels);
  // A restored backup can be behind what a host has taken: it would refuse every assignment as a replay.
  const sequence =
    hello.lastSequence < SEQUENCE_MAX ? Math.max(row.sequence, hello.lastSequence) : row.sequence;
  await trx
    .updateTable("agents")
    .set({
      ...helloColumns(hello),
      labels_json: labelsJson,
      own_labels_json: JSON.stringify(hello.labels),
      last_seen_at: at,
      connected_at: row.connectedSince(agentId),
      sequence,
    })
    .where("id", "=", agentId)
    .execute();
  const { hostname, product, os, arch } = hello;
  const agent = { id: agentId, hostname, product, os, arch, labels };
  if (labelsJson === row.labels_json) return agent;
  await trx.deleteFrom("agent_labels").where("agent_id", "=", agentId).execute();
  await insertAll(trx, "agent_labels", labelRows(agentId, labels));
  return agent;
}
