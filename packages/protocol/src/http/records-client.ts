import {
  type AuditExportQuery,
  type AuditFilterQuery,
  auditHeadSchema,
  auditPageSchema,
  auditVerificationSchema,
} from "./audit.ts";
import { type EventListQuery, eventPageSchema } from "./event-log.ts";
import { followEvents, type FollowOptions } from "./follow-events.ts";
import { path, type Transport } from "./transport.ts";
import {
  type CreateWebhook,
  createdWebhookSchema,
  redeliveredSchema,
  type UpdateWebhook,
  webhookDeliveryPageSchema,
  webhookDeliverySchema,
  type WebhookDeliveryView,
  webhookPageSchema,
  webhookSchema,
} from "./webhooks.ts";

interface Call {
  readonly signal?: AbortSignal | undefined;
}

interface PageQuery {
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** Every record of the log is read before it answers, in milliseconds. */
const VERIFY_TIMEOUT_MS = 30 * 60_000;

/** Who did what. */
export function auditCalls({ json, send }: Transport) {
  return {
    list: (
      query: PageQuery & Omit<AuditFilterQuery, "since" | "until"> & TimeQuery = {},
      { signal }: Call = {},
    ) => json(auditPageSchema, { method: "GET", path: "/api/v1/audit", query: { ...query }, signal }),
    head: ({ signal }: Call = {}) =>
      json(auditHeadSchema, { method: "GET", path: "/api/v1/audit/head", signal }),
    /** `expect`: a head that was noted before, `<sequence>:<hash>`. */
    verify: (expect?: string, { signal }: Call = {}) =>
      json(auditVerificationSchema, {
        method: "GET",
        path: "/api/v1/audit/verify",
        query: { expect },
        timeoutMs: VERIFY_TIMEOUT_MS,
        signal,
      }),
    /** The body as it comes; one that was cut off ends with an error. */
    export: async (
      query: Omit<AuditExportQuery, "since" | "until"> & TimeQuery = {},
      { signal }: Call = {},
    ): Promise<ReadableStream<Uint8Array> | null> => {
      const request = { method: "GET", path: "/api/v1/audit/export", query: { ...query } } as const;
      const headers = { accept: "text/csv, application/x-ndjson, application/problem+json" };
      return (await send({ ...request, headers, timeoutMs: null, signal })).body;
    },
  };
}

interface TimeQuery {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

/** What happened. */
export function eventLogCalls(transport: Transport) {
  const { json } = transport;
  return {
    list: (
      query: PageQuery & Omit<EventListQuery, keyof PageQuery | keyof TimeQuery> & TimeQuery = {},
      { signal }: Call = {},
    ) => json(eventPageSchema, { method: "GET", path: "/api/v1/events", query: { ...query }, signal }),
    follow: (options: FollowOptions = {}) => followEvents(transport, options),
  };
}

/** Who is told of events. */
export function webhookCalls({ json, send }: Transport) {
  return {
    list: (query: PageQuery = {}, { signal }: Call = {}) =>
      json(webhookPageSchema, { method: "GET", path: "/api/v1/webhooks", query: { ...query }, signal }),
    get: (id: string, { signal }: Call = {}) =>
      json(webhookSchema, { method: "GET", path: path`/api/v1/webhooks/${id}`, signal }),
    create: (body: CreateWebhook) =>
      json(createdWebhookSchema, { method: "POST", path: "/api/v1/webhooks", body }),
    update: (id: string, body: UpdateWebhook) =>
      json(webhookSchema, { method: "PUT", path: path`/api/v1/webhooks/${id}`, body }),
    remove: async (id: string) => {
      await send({ method: "DELETE", path: path`/api/v1/webhooks/${id}` });
    },
    /** Sends an event that means nothing, and says how it went. */
    test: (id: string) =>
      json(webhookDeliverySchema, { method: "POST", path: path`/api/v1/webhooks/${id}/test` }),
    deliveries: (
      id: string,
      query: PageQuery & { readonly state?: WebhookDeliveryView["state"] | undefined } = {},
      { signal }: Call = {},
    ) =>
      json(webhookDeliveryPageSchema, {
        method: "GET",
        path: path`/api/v1/webhooks/${id}/deliveries`,
        query: { ...query },
        signal,
      }),
    /** One delivery, or all that were given up. */
    redeliver: (id: string, delivery?: string) =>
      json(redeliveredSchema, {
        method: "POST",
        path: path`/api/v1/webhooks/${id}/redeliver`,
        body: { delivery },
      }),
  };
}
