import type { KeyObject } from "node:crypto";
import { isTargetEnded, isUnderWay, type Target } from "@muster/core";
import type { Audit } from "../../audit/ports.ts";
import type { EventJournal } from "../../events/ports.ts";
import type { Bus } from "../../ports.ts";
import type { Database } from "../../store/database.ts";
import { isSettled } from "../settled.ts";
import type { Book } from "./book.ts";
import type { Dispatch } from "./assignments.ts";
import type { Deliveries } from "./deliveries.ts";
import { type RolloutDraft, targetsAfter } from "./draft.ts";
import { deedsOfDraft } from "./draft-deeds.ts";
import { eventsOfCreation, eventsOfDraft } from "./draft-events.ts";
import { readWholeRollout } from "./load.ts";
import { insertRollout, type NewRollout, writeDraft } from "./write-draft.ts";

export interface LedgerPorts {
  readonly db: Database;
  readonly book: Book;
  readonly bus: Bus;
  readonly events: EventJournal;
  readonly audit: Audit;
  readonly deliveries: Deliveries;
  /** The assignments of a rollout that may not have been sent. */
  readonly readDispatches: (rolloutId: string) => Promise<readonly Dispatch[]>;
  /** The controller's private key. */
  readonly signingKey: KeyObject;
  /** Plan this rollout again soon. */
  readonly poke: (rolloutId: string) => void;
}

/** Writes more in the same transaction. */
export type Also = (trx: Database) => Promise<void>;

/** The one way in which rollouts change: written first, then followed by the book, then told to everyone. */
export interface Ledger {
  /** Writes the drafts in one transaction, with what `also` writes. Throws `RESOURCE_CONFLICT`, `STORE_UNAVAILABLE`. */
  commit(drafts: readonly RolloutDraft[], also?: Also): Promise<void>;
  /** Writes a new rollout whole, with what `also` writes, and opens it. Throws `STORE_UNAVAILABLE`, or what `also` does. */
  add(created: NewRollout, also?: Also): Promise<void>;
  /** Reads again the rollouts whose last commit may or may not have happened. Call before every use of the book. */
  refresh(): Promise<void>;
}

export function createLedger(ports: LedgerPorts): Ledger {
  const { db, book, bus, events, audit, deliveries, signingKey, poke, readDispatches } = ports;
  const doubtful = new Set<string>();

  const follow = (draft: RolloutDraft) => {
    const { id, state } = draft.rollout;
    book.apply(draft);
    bus.publish({ kind: "rollout", rolloutId: id });
    for (const target of [...draft.changed.values(), ...draft.added]) {
      bus.publish({ kind: "target", rolloutId: id, targetId: target.id });
      if (isExpired(draft, target)) deliveries.cancel(target.agentId, target.id);
      if (isTargetEnded(target.state)) pokeOthers(id, target.agentId);
    }
    if (state.kind !== draft.before.rollout.state.kind) for (const other of book.ids()) poke(other);
    if (isSettled(draft.rollout, targetsAfter(draft))) book.close(id);
  };

  const pokeOthers = (rolloutId: string, agentId: string) => {
    for (const { target } of book.ofAgent(agentId)) {
      if (target.rolloutId !== rolloutId) poke(target.rolloutId);
    }
  };

  return {
    commit: async (drafts, also) => {
      const write = async (trx: Database) => {
        const dispatches = [];
        for (const draft of drafts) dispatches.push(...(await writeDraft(trx, draft, signingKey)));
        await also?.(trx);
        await events.append(trx, drafts.flatMap(eventsOfDraft));
        await audit.recordIn(trx, drafts.flatMap(deedsOfDraft));
        return dispatches;
      };
      try {
        const dispatches = await db.transaction().execute(write);
        for (const draft of drafts) follow(draft);
        deliveries.send(dispatches);
      } catch (error) {
        // Also a commit that reports a failure can have reached the disk.
        for (const { rollout } of drafts) doubtful.add(rollout.id);
        throw error;
      }
    },

    add: async (created, also) => {
      const { rollout, targets } = created;
      try {
        await db.transaction().execute(async (trx) => {
          await insertRollout(trx, created);
          await also?.(trx);
          await events.append(trx, eventsOfCreation(created));
        });
      } catch (error) {
        doubtful.add(rollout.id);
        throw error;
      }
      book.open(rollout, targets);
      bus.publish({ kind: "rollout", rolloutId: rollout.id });
      poke(rollout.id);
    },

    refresh: async () => {
      for (const id of doubtful) {
        const whole = await readWholeRollout(db, id);
        doubtful.delete(id);
        book.close(id);
        if (!whole || isSettled(whole.rollout, whole.targets)) continue;
        book.open(whole.rollout, whole.targets);
        // Written, perhaps, and then not sent. Agents take an assignment once.
        deliveries.send(await readDispatches(id));
        poke(id);
      }
    },
  };
}

/** Given up by the controller, not ended by the agent's own word. */
function isExpired(draft: RolloutDraft, target: Target): boolean {
  const before = draft.originals.get(target.id);
  return (
    before !== undefined &&
    isUnderWay(before.state) &&
    target.state.kind === "failed" &&
    !draft.columns.has(target.id)
  );
}
