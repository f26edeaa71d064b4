import type { Database } from "../store/database.ts";

const DELIVERED_KEEP_MS = 3 * 86_400_000;
const DEAD_KEEP_MS = 30 * 86_400_000;

/** Removes deliveries that nobody will ask for any more: delivered three days, given up a month ago. */
export async function pruneDeliveries(db: Database, now: number): Promise<void> {
  await db
    .deleteFrom("webhook_deliveries")
    .where("state", "=", "delivered")
    .where("ended_at", "<", now - DELIVERED_KEEP_MS)
    .execute();
  await db
    .deleteFrom("webhook_deliveries")
    .where("state", "=", "dead")
    .where("ended_at", "<", now - DEAD_KEEP_MS)
    .execute();
}
