import { isTargetEnded, MusterError, type TargetEvent } from "@muster/core";
import type { AgentProgress } from "../../gateway/ports.ts";
import type { Clock } from "../../ports.ts";
import type { Book } from "./book.ts";
import { beginDraft, isChanged, moveTarget, type RolloutDraft } from "./draft.ts";
import type { Ledger } from "./ledger.ts";

export interface ProgressPorts {
  readonly clock: Clock;
  readonly book: Book;
  readonly ledger: Ledger;
  readonly poke: (rolloutId: string) => void;
  /** Runs the writing in its turn. */
  readonly inTurn: (work: () => Promise<void>) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Collects what agents say of their targets, the newest of each, and writes it together. */
export interface ProgressReports {
  /** See `AgentDesk.progress`. Throws `TARGET_UNKNOWN`. */
  note(agentId: string, progress: AgentProgress): void;
  flush(): Promise<void>;
  stop(): void;
}

/** What people watch moves four times a second. */
const FLUSH_EVERY_MS = 250;

export function createProgressReports(ports: ProgressPorts): ProgressReports {
  const { clock, book, ledger, poke, inTurn, onError } = ports;
  let collected = new Map<string, AgentProgress>();
  let callOff: (() => void) | null = null;

  const schedule = () => {
    if (collected.size === 0) return;
    callOff ??= clock.wakeAt(clock.now() + FLUSH_EVERY_MS, () => {
      callOff = null;
      flush().catch(onError).finally(schedule).catch(onError);
    });
  };

  const write = async () => {
    const batch = collected;
    collected = new Map();
    const drafts = draftReports(book, batch.values(), clock.now()).filter(isChanged);
    if (drafts.length === 0) return;
    try {
      await ledger.commit(drafts);
    } catch (error) {
      collected = new Map([...batch, ...collected]);
      throw error;
    }
    // Another stage has another deadline, and one that was silent has spoken.
    for (const draft of drafts) if (needsPlanning(draft)) poke(draft.rollout.id);
  };
  const flush = () => inTurn(write);

  return {
    note: (agentId, progress) => {
      const { target } = book.target(progress.targetId) ?? {};
      if (target?.agentId !== agentId || target.state.kind === "pending") {
        throw new MusterError("TARGET_UNKNOWN", { agent: agentId, target: progress.targetId });
      }
      if (isTargetEnded(target.state)) return;
      collected.set(progress.targetId, progress);
      schedule();
    },
    flush,
    stop: () => callOff?.(),
  };
}

function draftReports(book: Book, reports: Iterable<AgentProgress>, now: number): RolloutDraft[] {
  const drafts = new Map<string, RolloutDraft>();
  for (const report of reports) {
    const found = book.target(report.targetId);
    // Its rollout was closed since.
    if (!found) continue;
    const { id } = found.open.rollout;
    const draft = drafts.get(id) ?? beginDraft(found.open, now);
    drafts.set(id, draft);
    moveTarget(draft, found.target, toEvent(report));
  }
  return [...drafts.values()];
}

function toEvent({ stage, receivedBytes, totalBytes }: AgentProgress): TargetEvent {
  if (stage === "downloading") return { kind: "progress", stage, receivedBytes, totalBytes };
  return { kind: "progress", stage };
}

function needsPlanning({ changed, originals }: RolloutDraft): boolean {
  for (const target of changed.values()) {
    const before = originals.get(target.id);
    if (before?.state.kind !== target.state.kind || before.reason !== null) return true;
  }
  return false;
}
