import { z } from "zod";
import { idSchema, pageOf, pageQuerySchema, timestampSchema } from "./common.ts";
import { EVENT_CATEGORIES, EVENT_SEVERITIES, eventTypePatternSchema } from "./event-log.ts";

export const webhookFilterSchema = z.object({
  types: z
    .array(eventTypePatternSchema)
    .min(1)
    .max(32)
    .default(["*"])
    .describe("Event types, or their beginnings and `*`."),
  category: z.enum(EVENT_CATEGORIES).nullable().default(null),
  severity: z.enum(EVENT_SEVERITIES).default("info").describe("At least this."),
});

export const createWebhookSchema = z.object({
  url: z.url({ protocol: /^https?$/ }).max(2048),
  description: z.string().max(256).default(""),
  filter: webhookFilterSchema.default({ types: ["*"], category: null, severity: "info" }),
});
export type CreateWebhook = z.input<typeof createWebhookSchema>;

export const updateWebhookSchema = z.object({
  enabled: z.boolean().optional().describe("True also forgets that deliveries failed."),
  description: z.string().max(256).optional(),
  filter: webhookFilterSchema.optional(),
});
export type UpdateWebhook = z.input<typeof updateWebhookSchema>;

export const webhookSchema = z
  .object({
    id: z.string(),
    url: z.string(),
    description: z.string(),
    filter: z.object({
      types: z.array(z.string()),
      category: z.enum(EVENT_CATEGORIES).nullable(),
      severity: z.enum(EVENT_SEVERITIES),
    }),
    enabled: z.boolean(),
    disabledWhy: z.string().nullable().describe("Why Muster has switched it off."),
    failingSince: timestampSchema.nullable().describe("Since when nothing has come through."),
    pending: z.int().describe("Deliveries that are still to be made."),
    dead: z.int().describe("Deliveries that were given up."),
    createdAt: timestampSchema,
    createdBy: z.string(),
  })
  .meta({ id: "Webhook" });
export type WebhookView = z.infer<typeof webhookSchema>;
export const webhookPageSchema = pageOf(webhookSchema);
export const createdWebhookSchema = webhookSchema.extend({
  secret: z.string().describe("Verifies deliveries (Standard Webhooks, `whsec_…`). Shown once."),
});

export const WEBHOOK_DELIVERY_STATES = ["pending", "delivered", "dead"] as const;

export const webhookDeliverySchema = z
  .object({
    id: z.string().describe("The same at every attempt, in the header `webhook-id`."),
    webhookId: z.string(),
    eventId: z.string(),
    eventType: z.string(),
    state: z.enum(WEBHOOK_DELIVERY_STATES),
    attempts: z.int(),
    nextAttemptAt: timestampSchema.nullable(),
    lastStatus: z.int().nullable().describe("HTTP status of the last answer."),
    lastError: z.string().nullable(),
    createdAt: timestampSchema,
    endedAt: timestampSchema.nullable(),
  })
  .meta({ id: "WebhookDelivery" });
export type WebhookDeliveryView = z.infer<typeof webhookDeliverySchema>;
export const webhookDeliveryPageSchema = pageOf(webhookDeliverySchema);
export const webhookDeliveryQuerySchema = pageQuerySchema.extend({
  state: z.enum(WEBHOOK_DELIVERY_STATES).optional(),
});

export const webhookKeySchema = z.object({ id: idSchema });
export const webhookDeliveryKeySchema = z.object({ id: idSchema, delivery: idSchema });
export const redeliverSchema = z.object({
  delivery: idSchema.optional().describe("Only this one; left out: all that were given up."),
});
export const redeliveredSchema = z.object({ redelivered: z.int() });
