import { randomBytes } from "node:crypto";
import { MusterError } from "@muster/core";
import { sql } from "kysely";
import {
  WEBHOOK_DELIVERY_STATES,
  webhookFilterSchema,
  type WebhookDeliveryView,
  type WebhookView,
} from "@muster/protocol/http";
import type { AuditDeed, AuditDetails } from "../audit/ports.ts";
import type { EventFilter } from "../events/ports.ts";
import type { Database } from "../store/database.ts";
import type { WebhookDeliveryRow, WebhookRow } from "../store/schema.ts";

/** Lists of webhooks and of deliveries: newest first. */
export const BY_ID = {
  sort: sql.ref("id"),
  id: sql.ref("id"),
  type: "string",
  descending: true,
  placeOf: ({ id }: { readonly id: string }) => ({ sort: id, id }),
} as const;

/** What was done to a webhook. */
export function deedOn(id: string, action: string, details: AuditDetails): AuditDeed {
  return { action, resource: { kind: "webhook", id }, details };
}

/** 32 random bytes in the form of Standard Webhooks. */
export function createWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}

/** What the webhook's secret is sealed for. */
export function sealingContext(id: string): string {
  return `webhook/${id}`;
}

export async function readWebhook(db: Database, id: string): Promise<WebhookRow> {
  const row = await db.selectFrom("webhooks").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "webhook", id });
  return row;
}

export function filterOf({ filter_json }: Pick<WebhookRow, "filter_json">): EventFilter {
  const { types, category, severity } = webhookFilterSchema.parse(JSON.parse(filter_json));
  return { types, severity, category: category ?? undefined };
}

/** Webhooks as the API shows them, with the counts of their deliveries. */
export async function toWebhookViews(db: Database, rows: readonly WebhookRow[]): Promise<WebhookView[]> {
  if (rows.length === 0) return [];
  const counts = await db
    .selectFrom("webhook_deliveries")
    .where(
      "webhook_id",
      "in",
      rows.map(({ id }) => id),
    )
    .where("state", "in", ["pending", "dead"])
    .groupBy(["webhook_id", "state"])
    .select(["webhook_id", "state", db.fn.countAll<number>().as("count")])
    .execute();
  return rows.map((row) => {
    const countOf = (state: string) =>
      counts.find((count) => count.webhook_id === row.id && count.state === state)?.count ?? 0;
    return {
      id: row.id,
      url: row.url,
      description: row.description,
      filter: webhookFilterSchema.parse(JSON.parse(row.filter_json)),
      enabled: row.enabled === 1,
      disabledWhy: row.disabled_why,
      failingSince: row.failing_since,
      pending: countOf("pending"),
      dead: countOf("dead"),
      createdAt: row.created_at,
      createdBy: row.created_by,
    };
  });
}

export function toDeliveryView(row: WebhookDeliveryRow): WebhookDeliveryView {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    eventId: row.event_id,
    eventType: row.event_type,
    state: WEBHOOK_DELIVERY_STATES.find((state) => state === row.state) ?? "pending",
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    lastStatus: row.last_status,
    lastError: row.last_error,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

/** A delivery that is still to be made, from `at` on. */
export function newDelivery(delivery: {
  readonly id: string;
  readonly webhookId: string;
  readonly event: { readonly id: string; readonly type: string };
  readonly payload: string;
  readonly at: number;
}): WebhookDeliveryRow {
  return {
    id: delivery.id,
    webhook_id: delivery.webhookId,
    event_id: delivery.event.id,
    event_type: delivery.event.type,
    payload: delivery.payload,
    state: "pending",
    attempts: 0,
    first_attempt_at: null,
    next_attempt_at: delivery.at,
    last_status: null,
    last_error: null,
    created_at: delivery.at,
    ended_at: null,
  };
}
