import { MusterError } from "@muster/core";
import { toCloudEvent } from "../events/cloud-event.ts";
import type { EventRecord } from "../events/ports.ts";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import { attemptDelivery } from "./attempt.ts";
import type { Webhooks } from "./ports.ts";
import { BY_ID, deedOn, newDelivery, readWebhook, toDeliveryView } from "./webhook-rows.ts";
import type { WebhookPorts } from "./webhook-ports.ts";

/** What became of events on their way to a webhook, and how to try again. */
export function createDeliveries(ports: WebhookPorts): Pick<Webhooks, "test" | "deliveries" | "redeliver"> {
  const { db, clock, newId, dispatcher } = ports;
  return {
    test: async (id, trail) => {
      const webhook = await readWebhook(db, id);
      const event = testEvent(newId(), clock.now());
      const payload = JSON.stringify(toCloudEvent(event, ports.source));
      const delivery = newDelivery({ id: newId(), webhookId: id, event, payload, at: clock.now() });
      // No work for the dispatcher, also when the server is killed here.
      const once = { ...delivery, state: "dead", next_attempt_at: null, ended_at: delivery.created_at };
      await db.transaction().execute(async (trx) => {
        await trx.insertInto("webhook_deliveries").values(once).execute();
        await trail?.recordIn(trx, deedOn(id, "webhook.test", {}));
      });
      const { signal } = new AbortController();
      await attemptDelivery(ports, webhook, { delivery: once, signal, isOnly: true });
      return toDeliveryView(
        await db
          .selectFrom("webhook_deliveries")
          .selectAll()
          .where("id", "=", delivery.id)
          .executeTakeFirstOrThrow(),
      );
    },
    deliveries: async (id, { state, ...query }) => {
      await readWebhook(db, id);
      const some = deliveriesOf(db, id, state);
      const { items, nextCursor } = await readPage(some.selectAll(), query, BY_ID);
      const { total } = await some.select(db.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
      return { items: items.map(toDeliveryView), nextCursor, total };
    },
    redeliver: async (id, deliveryId, trail) => {
      await readWebhook(db, id);
      const count = await db.transaction().execute(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable("webhook_deliveries")
          .set({ state: "pending", attempts: 0, next_attempt_at: clock.now(), ended_at: null })
          .where("webhook_id", "=", id)
          .$if(deliveryId === null, (all) =>
            all.where("state", "=", "dead").where("event_type", "!=", TEST_TYPE),
          )
          .$if(deliveryId !== null, (one) => one.where("id", "=", deliveryId ?? ""))
          .executeTakeFirst();
        if (deliveryId !== null && numUpdatedRows === 0n) {
          throw new MusterError("RESOURCE_NOT_FOUND", { kind: "delivery", id: deliveryId });
        }
        const deliveries = Number(numUpdatedRows);
        await trail?.recordIn(trx, deedOn(id, "webhook.redeliver", { delivery: deliveryId, deliveries }));
        return deliveries;
      });
      dispatcher.poke();
      return count;
    },
  };
}

function deliveriesOf(db: Database, id: string, state: string | undefined) {
  const all = db.selectFrom("webhook_deliveries").where("webhook_id", "=", id);
  return state === undefined ? all : all.where("state", "=", state);
}

const TEST_TYPE = "webhook_test";

/** Happens to nobody. */
function testEvent(id: string, at: number): EventRecord {
  return {
    sequence: 0,
    id,
    at,
    type: TEST_TYPE,
    category: "webhook",
    severity: "info",
    code: null,
    message: "Somebody tries whether this webhook arrives",
    agentId: null,
    rolloutId: null,
    targetId: null,
    wave: null,
    product: null,
    version: null,
    data: {},
  };
}
