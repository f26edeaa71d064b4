import type { KeyObject } from "node:crypto";
import { type Assignment, MusterError, type Target } from "@muster/core";
import { signAssignment } from "@muster/trust";
import type { Instruction } from "../../gateway/ports.ts";
import { chunksOf } from "../../store/bulk.ts";
import type { Database } from "../../store/database.ts";
import type { DispatchRelease } from "../release-shelf.ts";
import type { RolloutDraft } from "./draft.ts";

/** How long an assignment is good, in milliseconds: an agent that was away for longer waits for a new one. */
const ASSIGNMENT_TTL_MS = 600_000;

/** What is to be sent once the transaction is committed. */
export interface Dispatch {
  readonly agentId: string;
  readonly instruction: Extract<Instruction, { readonly kind: "assign" }>;
}

/** Makes and signs the assignments of a draft's dispatched targets, with the next sequence of each agent. */
export async function makeAssignments(
  trx: Database,
  draft: RolloutDraft,
  signingKey: KeyObject,
): Promise<readonly Dispatch[]> {
  const targets = [...draft.dispatched.keys()].flatMap((id) => draft.changed.get(id) ?? []);
  const sequences = await raiseSequences(
    trx,
    targets.map(({ agentId }) => agentId),
  );
  return targets.map((target) => {
    const release = draft.dispatched.get(target.id);
    const sequence = sequences.get(target.agentId);
    if (!release || sequence === undefined)
      throw new MusterError("AGENT_NOT_FOUND", { agent: target.agentId });
    const signed = signAssignment(assignmentOf(draft, target, { release, sequence }), signingKey);
    draft.columns.set(target.id, {
      sequence,
      assignment: signed.assignment,
      assignment_signature: signed.signature,
    });
    const instruction = toInstruction(target.id, signed.assignment, signed.signature, release);
    return { agentId: target.agentId, instruction };
  });
}

export function toInstruction(
  targetId: string,
  assignment: Uint8Array,
  assignmentSignature: Uint8Array,
  { manifest, signatures }: DispatchRelease,
): Dispatch["instruction"] {
  return {
    kind: "assign",
    targetId,
    assignment,
    assignmentSignature,
    manifest,
    manifestSignatures: signatures,
  };
}

function assignmentOf(
  { rollout, now }: RolloutDraft,
  target: Target,
  { release, sequence }: { readonly release: DispatchRelease; readonly sequence: number },
): Assignment {
  const { product, limits, allowDowngrade } = rollout.spec;
  return {
    schema: 1,
    agentId: target.agentId,
    targetId: target.id,
    rolloutId: rollout.id,
    product,
    version: target.toVersion,
    manifestDigest: release.manifestDigest,
    sequence,
    notAfter: now + ASSIGNMENT_TTL_MS,
    // A return goes back by its nature; the floor of the signed manifests still holds.
    allowDowngrade: allowDowngrade || target.purpose === "return",
    limits,
  };
}

async function raiseSequences(trx: Database, agentIds: readonly string[]): Promise<Map<string, number>> {
  const sequences = new Map<string, number>();
  for (const ids of chunksOf(agentIds)) {
    const rows = await trx
      .updateTable("agents")
      .set((eb) => ({ sequence: eb("sequence", "+", 1) }))
      .where("id", "in", ids)
      .returning(["id", "sequence"])
      .execute();
    for (const { id, sequence } of rows) sequences.set(id, sequence);
  }
  return sequences;
}
