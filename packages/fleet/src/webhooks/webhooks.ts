import type { WebhookPorts } from "./webhook-ports.ts";
import { MusterError } from "@muster/core";
import { type CreateWebhook, type UpdateWebhook, webhookFilterSchema } from "@muster/protocol/http";
import type { AuditTrail } from "../audit/ports.ts";
import type { Actor } from "../people/actor.ts";
import { readPage } from "../store/page.ts";
import type { WebhookRow } from "../store/schema.ts";
import { createDeliveries } from "./deliveries.ts";
import type { Webhooks } from "./ports.ts";
import {
  BY_ID,
  createWebhookSecret,
  deedOn,
  readWebhook,
  sealingContext,
  toWebhookViews,
} from "./webhook-rows.ts";

export function createWebhooks(ports: WebhookPorts): Webhooks {
  const { db, dispatcher } = ports;
  const read = async (id: string) => {
    const [view] = await toWebhookViews(db, [await readWebhook(db, id)]);
    if (!view) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "webhook", id });
    return view;
  };
  return {
    create: async (request, actor, trail) => {
      const { id, secret } = await insertWebhook(ports, request, { actor, trail });
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
      await changeWebhook(ports, await readWebhook(db, id), { request, trail });
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
    ...createDeliveries(ports),
  };
}

async function insertWebhook(
  { db, clock, sealer, sender, log, newId }: WebhookPorts,
  { url, description = "", filter }: CreateWebhook,
  { actor, trail }: { readonly actor: Actor; readonly trail: AuditTrail | undefined },
): Promise<{ readonly id: string; readonly secret: string }> {
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
  return { id, secret };
}

async function changeWebhook(
  { db, log }: WebhookPorts,
  { id, enabled: wasEnabled, position }: WebhookRow,
  { request, trail }: { readonly request: UpdateWebhook; readonly trail: AuditTrail | undefined },
): Promise<void> {
  const { enabled, description, filter } = request;
  const change: Partial<WebhookRow> = {
    ...(description !== undefined && { description }),
    ...(filter !== undefined && { filter_json: JSON.stringify(webhookFilterSchema.parse(filter)) }),
    ...(enabled !== undefined && { enabled: enabled ? 1 : 0 }),
    // What happened while it was off is in the list of events.
    ...(enabled === true && {
      disabled_why: null,
      failing_since: null,
      position: wasEnabled === 1 ? position : await log.newest(),
    }),
  };
  await db.transaction().execute(async (trx) => {
    if (Object.keys(change).length > 0) {
      await trx.updateTable("webhooks").set(change).where("id", "=", id).execute();
    }
    const details = { enabled: enabled ?? null, description: description ?? null };
    const changed = { ...details, filter: change.filter_json ?? null };
    await trail?.recordIn(trx, deedOn(id, "webhook.update", changed));
  });
}
