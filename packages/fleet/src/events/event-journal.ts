import { createIdSource } from "../ids.ts";
import type { Clock, Random } from "../ports.ts";
import { insertAll } from "../store/bulk.ts";
import type { Database } from "../store/database.ts";
import type { EventRow } from "../store/schema.ts";
import type { EventJournal, NewEvent } from "./ports.ts";

/** Readers are woken this much after an event, in milliseconds: what comes meanwhile is read together. */
const WAKE_AFTER_MS = 100;

export function createEventJournal({
  clock,
  random,
}: {
  readonly clock: Clock;
  readonly random: Random;
}): EventJournal {
  const newId = createIdSource(clock, random);
  const sleepers = new Set<() => void>();
  let isWaking = false;

  const wakeSoon = () => {
    if (isWaking || sleepers.size === 0) return;
    isWaking = true;
    clock.wakeAt(clock.now() + WAKE_AFTER_MS, () => {
      isWaking = false;
      for (const wake of sleepers) wake();
    });
  };

  return {
    append: async (trx, events) => {
      if (events.length === 0) return;
      const first = await takeSequences(trx, events.length);
      const at = clock.now();
      const rows = events.map((event, index) => toRow(event, { sequence: first + index, id: newId(), at }));
      await insertAll(trx, "events", rows);
      wakeSoon();
    },
    subscribe: (wake) => {
      sleepers.add(wake);
      return () => void sleepers.delete(wake);
    },
  };
}

/** The first of so many sequences. Whoever else wants some waits for this transaction: readers see them in order. */
async function takeSequences(trx: Database, count: number): Promise<number> {
  const { sequence } = await trx
    .updateTable("event_head")
    .set((eb) => ({ sequence: eb("sequence", "+", count) }))
    .where("id", "=", 1)
    .returning("sequence")
    .executeTakeFirstOrThrow();
  return sequence - count + 1;
}

function toRow(event: NewEvent, place: Pick<EventRow, "sequence" | "id" | "at">): EventRow {
  return {
    ...place,
    type: event.type,
    category: event.category,
    severity: event.severity,
    code: event.code ?? null,
    message: event.message,
    agent_id: event.agentId ?? null,
    rollout_id: event.rolloutId ?? null,
    target_id: event.targetId ?? null,
    wave: event.wave ?? null,
    product: event.product ?? null,
    version: event.version ?? null,
    data_json: JSON.stringify(event.data ?? {}),
  };
}
