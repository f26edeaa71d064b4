import { asMusterError, MusterError } from "@muster/core";
import { Webhook } from "standardwebhooks";
import { SYSTEM_ACTOR } from "../audit/audit.ts";
import type { Audit } from "../audit/ports.ts";
import type { EventJournal } from "../events/ports.ts";
import type { Clock } from "../ports.ts";
import type { Sealer } from "../secrets/sealer.ts";
import type { Database } from "../store/database.ts";
import type { WebhookDeliveryRow, WebhookRow } from "../store/schema.ts";
import type { WebhookSender } from "./ports.ts";
import { retryAfterMs } from "./retry-schedule.ts";
import { sealingContext } from "./webhook-rows.ts";

export interface AttemptPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly sender: WebhookSender;
  readonly sealer: Sealer;
  readonly audit: Audit;
  readonly events: EventJournal;
  /** Between 0 and 1. */
  readonly chance: () => number;
}

/** Nothing has come through for so long: the receiver is not there any more. In milliseconds. */
const DISABLE_AFTER_MS = 5 * 86_400_000;
const GONE = 410;

export interface Attempt {
  readonly delivery: WebhookDeliveryRow;
  readonly signal: AbortSignal;
  /** It is not tried again. */
  readonly isOnly?: boolean;
}

interface Result {
  readonly status: number | null;
  /** Null: it has arrived. */
  readonly error: string | null;
}

/**
 * Makes one attempt of a delivery and writes down how it went: delivered, to be tried again, or given up. The receiver can
 * have it twice, with the same id, when the server is killed in between.
 */
export async function attemptDelivery(
  ports: AttemptPorts,
  webhook: WebhookRow,
  attempt: Attempt,
): Promise<void> {
  const { delivery } = attempt;
  const result = await send(ports, webhook, attempt);
  const now = ports.clock.now();
  await ports.db.transaction().execute(async (trx) => {
    await trx
      .updateTable("webhook_deliveries")
      .set(afterAttempt(attempt, result, { now, chance: ports.chance() }))
      .where("id", "=", delivery.id)
      .execute();
    await noteHealth(ports, trx, { webhook, result, now });
  });
}

async function send(
  { clock, sender, sealer }: AttemptPorts,
  webhook: WebhookRow,
  { delivery, signal }: Attempt,
): Promise<Result> {
  try {
    const at = new Date(clock.now());
    const secret = sealer.open(webhook.secret_sealed, sealingContext(webhook.id));
    const headers = {
      "content-type": "application/cloudevents+json; charset=utf-8",
      "webhook-id": delivery.id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new Webhook(secret).sign(delivery.id, at, delivery.payload),
    };
    const status = await sender.send({ url: webhook.url, headers, body: delivery.payload, signal });
    return { status, error: status >= 200 && status < 300 ? null : `the receiver answered ${status}` };
  } catch (error) {
    signal.throwIfAborted();
    const { message, code } = asMusterError(error, "WEBHOOK_DELIVERY_FAILED");
    const problem = error instanceof MusterError ? error.details["problem"] : null;
    return {
      status: null,
      error: `${code}: ${typeof problem === "string" ? problem : message}`.slice(0, 512),
    };
  }
}

function afterAttempt(
  { delivery, isOnly = false }: Attempt,
  { status, error }: Result,
  { now, chance }: { readonly now: number; readonly chance: number },
): Partial<WebhookDeliveryRow> {
  const attempts = delivery.attempts + 1;
  const tried = {
    attempts,
    first_attempt_at: delivery.first_attempt_at ?? now,
    last_status: status,
    last_error: error,
  };
  if (error === null) return { ...tried, state: "delivered", next_attempt_at: null, ended_at: now };
  const pauseMs = isOnly ? null : retryAfterMs(attempts, chance);
  if (pauseMs === null || status === GONE) {
    return { ...tried, state: "dead", next_attempt_at: null, ended_at: now };
  }
  return { ...tried, next_attempt_at: now + pauseMs };
}

interface Health {
  readonly webhook: WebhookRow;
  readonly result: Result;
  readonly now: number;
}

/** Switches a webhook off whose receiver says that it is gone, or has not taken anything for days. */
async function noteHealth(
  { audit, events }: AttemptPorts,
  trx: Database,
  { webhook, result, now }: Health,
): Promise<void> {
  const { id, url } = webhook;
  if (result.error === null) {
    await trx.updateTable("webhooks").set({ failing_since: null }).where("id", "=", id).execute();
    return;
  }
  const row = await trx.selectFrom("webhooks").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row || row.enabled === 0) return;
  const failingSince = row.failing_since ?? now;
  const isGone = result.status === GONE;
  if (!isGone && now - failingSince < DISABLE_AFTER_MS) {
    await trx.updateTable("webhooks").set({ failing_since: failingSince }).where("id", "=", id).execute();
    return;
  }
  const why = isGone ? "the receiver says that it is gone" : `nothing came through for days: ${result.error}`;
  await trx
    .updateTable("webhooks")
    .set({ enabled: 0, disabled_why: why, failing_since: failingSince })
    .where("id", "=", id)
    .execute();
  const resource = { kind: "webhook", id };
  await audit.recordIn(trx, [
    { actor: SYSTEM_ACTOR, action: "webhook.disable", resource, details: { url, why }, from: null },
  ]);
  await events.append(trx, [
    {
      type: "webhook_disabled",
      category: "webhook",
      severity: "error",
      code: "WEBHOOK_DELIVERY_FAILED",
      message: `Webhook ${id} is switched off: ${why}`,
      data: { webhookId: id, url },
    },
  ]);
}
