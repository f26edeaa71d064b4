import {
  isUnderWay,
  MusterError,
  type Outcome,
  type Target,
  type TargetEvent,
  type TargetState,
} from "@muster/core";
import { versionKey } from "../../agents/version-key.ts";
import type { Database } from "../../store/database.ts";
import type { TargetRow } from "../../store/schema.ts";
import { targetChanges, toTarget, TARGET_COLUMNS } from "../mapping.ts";
import type { ReleaseName } from "../host-pasts.ts";
import type { Book, OpenTarget } from "./book.ts";
import { beginDraft, moveTarget, type RolloutDraft, setTarget } from "./draft.ts";
import type { Ledger } from "./ledger.ts";

export interface OutcomePorts {
  readonly db: Database;
  readonly book: Book;
  readonly ledger: Ledger;
  readonly poke: (rolloutId: string) => void;
  readonly now: () => number;
  /** Told of a host that has rolled a release back. */
  readonly onRollback: (agentId: string, release: ReleaseName) => void;
  /** Told which version a host runs now. */
  readonly onVersion: (agentId: string, version: string) => void;
}

export interface OutcomeReport {
  readonly agentId: string;
  readonly outcome: Outcome;
}

type ReadRow = Awaited<ReturnType<typeof readRows>>[number];

/** One group of outcomes on its way into the database. */
interface Recording {
  readonly ports: OutcomePorts;
  readonly rows: ReadonlyMap<string, ReadRow>;
  readonly drafts: Map<string, RolloutDraft>;
  /** Of rollouts that are closed, and of targets. */
  readonly updates: { readonly id: string; readonly change: Partial<TargetRow> }[];
  readonly versions: { readonly agentId: string; readonly version: string; readonly sequence: number }[];
  readonly rollbacks: { readonly agentId: string; readonly release: ReleaseName }[];
  readonly recorded: Set<string>;
}

/**
 * Records how targets ended, all in one transaction. A repeated outcome changes nothing. A late one, of a target that was
 * given up, does not bring it back, but what became of the host is kept. Gives an error for each that is refused.
 */
export async function recordOutcomes(
  ports: OutcomePorts,
  reports: readonly OutcomeReport[],
): Promise<readonly (null | Error)[]> {
  const rows = await readRows(
    ports.db,
    reports.map(({ outcome }) => outcome.targetId),
  );
  const recording: Recording = {
    ports,
    rows: new Map(rows.map((row) => [row.id, row])),
    drafts: new Map(),
    updates: [],
    versions: [],
    rollbacks: [],
    recorded: new Set(),
  };
  const answers = reports.map((report) => recordOne(recording, report));
  const drafts = [...recording.drafts.values()];
  if (recording.recorded.size > 0) await ports.ledger.commit(drafts, (trx) => writeRest(trx, recording));
  for (const { agentId, release } of recording.rollbacks) ports.onRollback(agentId, release);
  for (const { rollout } of drafts) ports.poke(rollout.id);
  for (const { agentId, version } of recording.versions) ports.onVersion(agentId, version);
  return answers;
}

function readRows(db: Database, ids: readonly string[]) {
  return db
    .selectFrom("targets")
    .innerJoin("agents", "agents.id", "targets.agent_id")
    .select(TARGET_COLUMNS.map((name) => `targets.${name}` as const))
    .select(["targets.sequence", "targets.outcome_at", "agents.sequence as newest_sequence"])
    .where("targets.id", "in", ids)
    .execute();
}

function recordOne(recording: Recording, { agentId, outcome }: OutcomeReport): null | Error {
  const row = recording.rows.get(outcome.targetId);
  if (!row || row.agent_id !== agentId || row.sequence === null) {
    return new MusterError("TARGET_UNKNOWN", { agent: agentId, target: outcome.targetId });
  }
  if (row.outcome_at !== null || recording.recorded.has(row.id)) return null;
  const columns = {
    outcome_at: recording.ports.now(),
    output_tail: outcome.outputTail,
    surviving_version: outcome.survivingVersion,
    downtime_ms: outcome.downtimeMs,
  };
  const found = recording.ports.book.target(row.id);
  if (found) {
    const draft = draftOf(recording, found.open);
    draft.columns.set(row.id, columns);
    if (isUnderWay(found.target.state)) {
      moveTarget(draft, found.target, toEvent(outcome));
      noteRollback(recording, found, outcome);
    } else setTarget(draft, found.target, { state: withLateWord(found.target.state, outcome) });
  } else {
    const target = toTarget(row);
    // Its rollout would be open: the book is not what it has to be. The agent tells it again.
    if (isUnderWay(target.state)) return new MusterError("RESOURCE_CONFLICT", { target: row.id });
    const late: Target = { ...target, state: withLateWord(target.state, outcome) };
    recording.updates.push({ id: row.id, change: { ...targetChanges(late), ...columns } });
  }
  recording.recorded.add(row.id);
  noteVersion(recording, row, outcome);
  return null;
}

/** A return that is rolled back says nothing of the release that it returns from. */
function noteRollback(recording: Recording, { open, target }: OpenTarget, { result }: Outcome): void {
  if (result !== "rolled_back" || target.purpose !== "update") return;
  const release = { product: open.rollout.spec.product, version: target.toVersion };
  recording.rollbacks.push({ agentId: target.agentId, release });
}

function draftOf({ drafts, ports }: Recording, open: Parameters<typeof beginDraft>[0]): RolloutDraft {
  const { id } = open.rollout;
  const draft = drafts.get(id) ?? beginDraft(open, ports.now());
  drafts.set(id, draft);
  return draft;
}

function toEvent({ result, code, message }: Outcome): TargetEvent {
  if (result === "healthy") return { kind: "outcome", result };
  return { kind: "outcome", result, code: code ?? "INTERNAL_UNEXPECTED", message };
}

/** An ended target stays as it ended; its message also says what the host told later. */
function withLateWord(state: TargetState, { result, survivingVersion, code }: Outcome): TargetState {
  if (state.kind !== "failed" && state.kind !== "rolled_back") return state;
  const why = code === null ? "" : ` (${code})`;
  const told = `the host told later: ${result}${why}, it runs ${survivingVersion ?? "no version"}`;
  return { ...state, message: `${state.message}; ${told}` };
}

/** The outcome of the newest assignment is the last thing that happened to the host's versions. */
function noteVersion(recording: Recording, row: ReadRow, { survivingVersion }: Outcome): void {
  if (survivingVersion === null || row.sequence === null || row.sequence !== row.newest_sequence) return;
  recording.versions.push({ agentId: row.agent_id, version: survivingVersion, sequence: row.sequence });
}

async function writeRest(trx: Database, { updates, versions }: Recording): Promise<void> {
  for (const { id, change } of updates) {
    await trx.updateTable("targets").set(change).where("id", "=", id).execute();
  }
  for (const { agentId, version, sequence } of versions) {
    await trx
      .updateTable("agents")
      .set({ version, version_key: versionKey(version) })
      .where("id", "=", agentId)
      .where("sequence", "=", sequence)
      .execute();
  }
}
