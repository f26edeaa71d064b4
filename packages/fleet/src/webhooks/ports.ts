import type { CreateWebhook, UpdateWebhook, WebhookDeliveryView, WebhookView } from "@muster/protocol/http";
import type { AuditTrail } from "../audit/ports.ts";
import type { Actor } from "../people/actor.ts";
import type { Page, PageQuery } from "../ports.ts";

/** Takes requests to where webhooks point. */
export interface WebhookSender {
  /** Throws `WEBHOOK_DESTINATION_FORBIDDEN` for an address that nothing is ever sent to. */
  check(url: string): void;
  /**
   * Sends once and gives the answer's status, whatever it is. Throws `WEBHOOK_DESTINATION_FORBIDDEN`,
   * `WEBHOOK_DELIVERY_FAILED`, or the signal's reason.
   */
  send(request: WebhookRequest): Promise<number>;
}

export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** Who is told of events, and how that went. */
export interface Webhooks {
  /** `secret` is shown only now. Told of what happens from now on. Throws `WEBHOOK_DESTINATION_FORBIDDEN`. */
  create(
    request: CreateWebhook,
    actor: Actor,
    trail?: AuditTrail,
  ): Promise<WebhookView & { readonly secret: string }>;
  /** Newest first. */
  list(query: PageQuery): Promise<Page<WebhookView>>;
  /** Throws `RESOURCE_NOT_FOUND`. */
  read(id: string): Promise<WebhookView>;
  /** One that is enabled again is told of what happens from then on. Throws `RESOURCE_NOT_FOUND`. */
  update(id: string, request: UpdateWebhook, trail?: AuditTrail): Promise<WebhookView>;
  /** With all its deliveries. Throws `RESOURCE_NOT_FOUND`. */
  remove(id: string, trail?: AuditTrail): Promise<void>;
  /** Sends an event of type `webhook_test`, once, and says how it went. Throws `RESOURCE_NOT_FOUND`. */
  test(id: string, trail?: AuditTrail): Promise<WebhookDeliveryView>;
  /** Newest first. Throws `RESOURCE_NOT_FOUND`. */
  deliveries(
    id: string,
    query: PageQuery & { readonly state?: string | undefined },
  ): Promise<Page<WebhookDeliveryView>>;
  /** Begins again with one delivery, or with all that were given up; says how many. Throws `RESOURCE_NOT_FOUND`. */
  redeliver(id: string, deliveryId: string | null, trail?: AuditTrail): Promise<number>;
}
