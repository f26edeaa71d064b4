import { assignmentDecoder, parse } from "@muster/core";
import type { AgentHello, Instruction } from "../../gateway/ports.ts";
import { chunksOf } from "../../store/bulk.ts";
import type { Database } from "../../store/database.ts";
import type { ReleaseShelf } from "../release-shelf.ts";
import { type Dispatch, toInstruction } from "./assignments.ts";

/**
 * What agents that come (back) have to be told: the assignment they have not taken and still may, and to stop a target
 * that was given up while they were away. An assignment is taken once: its sequence says whether it was.
 */
export async function readUntaken(
  trx: Database,
  hellos: readonly AgentHello[],
  { shelf, now }: { readonly shelf: ReleaseShelf; readonly now: number },
): Promise<ReadonlyMap<string, readonly Instruction[]>> {
  const instructions = new Map<string, Instruction[]>();
  const add = (agentId: string, instruction: Instruction) =>
    instructions.set(agentId, [...(instructions.get(agentId) ?? []), instruction]);
  for (const chunk of chunksOf(hellos)) {
    for (const { agentId, targetId } of await readGivenUp(trx, chunk))
      add(agentId, { kind: "cancel", targetId });
    const lastSequences = new Map(chunk.map(({ agentId, lastSequence }) => [agentId, lastSequence]));
    const dispatched = dispatchedTargets(trx).where("agent_id", "in", [...lastSequences.keys()]);
    for (const row of await dispatched.execute()) {
      if ((row.sequence ?? 0) <= (lastSequences.get(row.agent_id) ?? 0)) continue;
      const dispatch = await toDispatch(trx, row, { shelf, now });
      if (dispatch) add(row.agent_id, dispatch.instruction);
    }
  }
  return instructions;
}

/** The assignments of a rollout that no agent has reported on: whether they were sent is not known. */
export async function readDispatches(
  db: Database,
  rolloutId: string,
  ports: { readonly shelf: ReleaseShelf; readonly now: number },
): Promise<readonly Dispatch[]> {
  const dispatches: Dispatch[] = [];
  for (const row of await dispatchedTargets(db).where("rollout_id", "=", rolloutId).execute()) {
    const dispatch = await toDispatch(db, row, ports);
    if (dispatch) dispatches.push(dispatch);
  }
  return dispatches;
}

type DispatchedRow = Awaited<ReturnType<ReturnType<typeof dispatchedTargets>["execute"]>>[number];

async function toDispatch(
  db: Database,
  row: DispatchedRow,
  { shelf, now }: { readonly shelf: ReleaseShelf; readonly now: number },
): Promise<Dispatch | null> {
  const { id, agent_id: agentId, assignment, assignment_signature: signature } = row;
  if (!assignment || !signature || now >= notAfter(assignment)) return null;
  const release = await shelf.read(db, row.product, row.to_version);
  return release && { agentId, instruction: toInstruction(id, assignment, signature, release) };
}

function dispatchedTargets(db: Database) {
  return db
    .selectFrom("targets")
    .innerJoin("rollouts", "rollouts.id", "targets.rollout_id")
    .select([
      "targets.id",
      "agent_id",
      "to_version",
      "sequence",
      "assignment",
      "assignment_signature",
      "product",
    ])
    .where("targets.state", "=", "dispatched")
    .orderBy("targets.id");
}

async function readGivenUp(
  trx: Database,
  hellos: readonly AgentHello[],
): Promise<{ readonly agentId: string; readonly targetId: string }[]> {
  const claimed = hellos.flatMap(({ agentId, targetId }) =>
    targetId === null ? [] : [{ agentId, targetId }],
  );
  if (claimed.length === 0) return [];
  const rows = await trx
    .selectFrom("targets")
    .select(["id", "agent_id"])
    .where(
      "id",
      "in",
      claimed.map(({ targetId }) => targetId),
    )
    .where("state", "=", "failed")
    .where("outcome_at", "is", null)
    .execute();
  const givenUp = new Set(rows.map(({ id, agent_id }) => `${agent_id} ${id}`));
  return claimed.filter(({ agentId, targetId }) => givenUp.has(`${agentId} ${targetId}`));
}

function notAfter(assignment: Uint8Array): number {
  const text = new TextDecoder().decode(assignment);
  return parse.decodeJson(assignmentDecoder, text, "ASSIGNMENT_INVALID").notAfter;
}
