import { MusterError } from "@muster/core";
import { webhookFilterSchema } from "@muster/protocol/http";
import { sql } from "kysely";
import type { AuditDetails } from "../audit/ports.ts";
import { toCloudEvent } from "../events/cloud-event.ts";
import type { EventRecord } from "../events/ports.ts";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import type { WebhookRow } from "../store/schema.ts";
import { attemptDelivery } from "./attempt.ts";
import type { Dispatcher, DispatcherPorts } from "./dispatcher.ts";
import type { Webhooks } from "./ports.ts";
import {
  createWebhookSecret,
  newDelivery,
  readWebhook,
  sealingContext,
  toDeliveryView,
  toWebhookViews,
} from "./webhook-rows.ts";

export interface WebhookPorts extends DispatcherPorts {
  readonly dispatcher: Dispatcher;
}

export function createWebhooks(ports: WebhookPorts): Webhooks {
  const { db, clock, sealer, sender, log, newId, dispatcher } = ports;
  const read = async (id: string) => {
    const [view] = await toWebhookViews(db, [await readWebhook(db, id)]);
    if (!view) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "webhook", id });
    return view;
  };
  return {
    create: async ({ url, description = "", filter }, actor, trail) => {
      sender.check(url);
      const id = newId();
      const secret = createWebhookSecret();
      const row: WebhookRow = {
        id,
        url,
        description,
        filter_json: JSON.stringify(webhookFilterSchema.parse(filter ?? {})),
        secret_sealed: sealer.seal(secret, sealingContext(id)),
        enabled: 1,
        disabled_why: null,
        failing_since: null,
        position: await log.newest(),
        created_at: clock.now(),
        created_by: actor.name,
      };
      await db.transaction().execute(async (trx) => {
        await trx.insertInto("webhooks").values(row).execute();
        await trail?.recordIn(trx, deedOn(id, "webhook.create", { url, filter: row.filter_json }));
      });
      return { ...(await read(id)), secret };
    },
    list: async (query) => {
      const { items, nextCursor } = await readPage(db.selectFrom("webhooks").selectAll(), query, BY_ID);
      const { total } = await db
        .selectFrom("webhooks")
        .select(db.fn.countAll<number>().as("total"))
        .executeTakeFirstOrThrow();
      return { items: await toWebhookViews(db, items), nextCursor, total };
    },
    read,
    update: async (id, request, trail) => {
      const row = await readWebhook(db, id);
      const { enabled, description, filter } = request;
      const isBack = enabled === true && row.enabled === 0;
      const position = isBack ? await log.newest() : row.position;
      const change: Partial<WebhookRow> = {
        ...(description !== undefined && { description }),
        ...(filter !== undefined && { filter_json: JSON.stringify(webhookFilterSchema.parse(filter)) }),
        ...(enabled !== undefined && { enabled: enabled ? 1 : 0 }),
        ...(enabled === true && { disabled_why: null, failing_since: null, position }),
      };
      await db.transaction().execute(async (trx) => {
        if (Object.keys(change).length > 0) {
          await trx.updateTable("webhooks").set(change).where("id", "=", id).execute();
        }
        const details = { enabled: enabled ?? null, description: description ?? null };
        await trail?.recordIn(
          trx,
          deedOn(id, "webhook.update", { ...details, filter: change.filter_json ?? null }),
        );
      });
      dispatcher.poke();
      return read(id);
    },
    remove: async (id, trail) => {
      const { url } = await readWebhook(db, id);
      await db.transaction().execute(async (trx) => {
        await trx.deleteFrom("webhooks").where("id", "=", id).execute();
        await trail?.recordIn(trx, deedOn(id, "webhook.remove", { url }));
      });
    },
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

const BY_ID = {
  sort: sql.ref("id"),
  id: sql.ref("id"),
  type: "string",
  descending: true,
  placeOf: ({ id }: { readonly id: string }) => ({ sort: id, id }),
} as const;

function deliveriesOf(db: Database, id: string, state: string | undefined) {
  const all = db.selectFrom("webhook_deliveries").where("webhook_id", "=", id);
  return state === undefined ? all : all.where("state", "=", state);
}

function deedOn(id: string, action: string, details: AuditDetails) {
  return { action, resource: { kind: "webhook", id }, details };
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
