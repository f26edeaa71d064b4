import { toCloudEvent } from "../events/cloud-event.ts";
import type { EventLog } from "../events/ports.ts";
import { insertAll } from "../store/bulk.ts";
import type { Database } from "../store/database.ts";
import type { WebhookRow } from "../store/schema.ts";
import { filterOf, newDelivery } from "./webhook-rows.ts";

const EVENTS_AT_ONCE = 500;
/** A webhook that has so many deliveries waiting gets no more until they are fewer; the events keep. */
const PENDING_MAX = 10_000;

export interface EnqueuePorts {
  readonly db: Database;
  readonly log: EventLog;
  readonly newId: () => string;
  readonly now: () => number;
  /** CloudEvents' `source`. */
  readonly source: string;
}

/**
 * Makes deliveries of the events that each webhook has not been looked at for. They and its place are one transaction:
 * an event becomes one delivery, whenever the server is killed.
 */
export async function enqueueEvents(ports: EnqueuePorts): Promise<void> {
  const { db, log } = ports;
  const newest = await log.newest();
  const behind = await db
    .selectFrom("webhooks")
    .selectAll()
    .where("enabled", "=", 1)
    .where("position", "<", newest)
    .execute();
  for (const webhook of behind) await enqueueFor(ports, webhook);
}

async function enqueueFor({ db, log, newId, now, source }: EnqueuePorts, webhook: WebhookRow): Promise<void> {
  const filter = filterOf(webhook);
  for (let { position } = webhook; ; ) {
    if ((await countPending(db, webhook.id)) >= PENDING_MAX) return;
    const { events, through } = await log.after(position, filter, EVENTS_AT_ONCE);
    const deliveries = events.map((event) =>
      newDelivery({
        id: newId(),
        webhookId: webhook.id,
        event,
        payload: JSON.stringify(toCloudEvent(event, source)),
        at: now(),
      }),
    );
    const before = position;
    const isMoved = await db.transaction().execute(async (trx) => {
      const { numUpdatedRows } = await trx
        .updateTable("webhooks")
        .set({ position: through })
        .where("id", "=", webhook.id)
        // Somebody can have removed it, or switched it off and on.
        .where("position", "=", before)
        .where("enabled", "=", 1)
        .executeTakeFirst();
      if (numUpdatedRows > 0n) await insertAll(trx, "webhook_deliveries", deliveries);
      return numUpdatedRows > 0n;
    });
    if (!isMoved || events.length < EVENTS_AT_ONCE) return;
    position = through;
  }
}

async function countPending(db: Database, webhookId: string): Promise<number> {
  const { count } = await db
    .selectFrom("webhook_deliveries")
    .where("webhook_id", "=", webhookId)
    .where("state", "=", "pending")
    .select(db.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return count;
}
