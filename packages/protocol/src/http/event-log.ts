import { z } from "zod";
import { idSchema, pageOf, pageQuerySchema, timestampSchema } from "./common.ts";

export const EVENT_CATEGORIES = [
  "upgrade",
  "rollout",
  "wave",
  "release",
  "agent",
  "webhook",
  "stream",
] as const;
export const EVENT_SEVERITIES = ["info", "warning", "error"] as const;

const eventDataSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

const aboutSchema = z.object({
  code: z.string().nullable().describe("Error code."),
  message: z.string(),
  agentId: z.string().nullable(),
  rolloutId: z.string().nullable(),
  targetId: z.string().nullable(),
  wave: z.int().nullable().describe("From 0."),
  product: z.string().nullable(),
  version: z.string().nullable(),
  data: eventDataSchema,
});

export const eventSchema = z
  .object({
    sequence: z.int().describe("Rises with every event; where a stream goes on."),
    id: z.string(),
    at: timestampSchema,
    type: z.string().describe("`upgrade_started`, `rollout_paused`, `agent_offline` …"),
    category: z.enum(EVENT_CATEGORIES),
    severity: z.enum(EVENT_SEVERITIES),
    ...aboutSchema.shape,
  })
  .meta({ id: "Event" });
export type EventView = z.infer<typeof eventSchema>;
export const eventPageSchema = pageOf(eventSchema);

/** Structured mode of CloudEvents 1.0; `sequence`, `category` and `severity` are extensions. */
export const cloudEventSchema = z
  .object({
    specversion: z.literal("1.0"),
    id: z.string().describe("The same when the same event is sent again."),
    source: z.string(),
    type: z.string().describe("`muster.` and the event's type."),
    subject: z.string(),
    time: z.iso.datetime(),
    datacontenttype: z.literal("application/json"),
    sequence: z.string(),
    category: z.enum(EVENT_CATEGORIES),
    severity: z.enum(EVENT_SEVERITIES),
    data: aboutSchema,
  })
  .meta({ id: "CloudEvent" });
export type CloudEventView = z.infer<typeof cloudEventSchema>;

/** A type of events, or its beginning and `*`. */
export const eventTypePatternSchema = z.string().regex(/^[a-z0-9_]{1,64}\*?$|^\*$/);

export const eventFilterSchema = z.object({
  type: z
    .union([eventTypePatternSchema, z.array(eventTypePatternSchema).max(32)])
    .optional()
    .describe("A type, or its beginning and `*`; may be repeated."),
  category: z.enum(EVENT_CATEGORIES).optional(),
  severity: z.enum(EVENT_SEVERITIES).optional().describe("At least this."),
  agent: idSchema.optional(),
  rollout: idSchema.optional(),
  since: z.coerce.number().int().nonnegative().optional().describe("Milliseconds since 1970; from this on."),
  until: z.coerce.number().int().nonnegative().optional().describe("Before this."),
});
export const eventListQuerySchema = pageQuerySchema.extend(eventFilterSchema.shape);
export type EventListQuery = z.input<typeof eventListQuerySchema>;

export const eventStreamQuerySchema = eventFilterSchema.omit({ since: true, until: true }).extend({
  after: z.coerce
    .number()
    .int()
    .nonnegative()
    .optional()
    .describe(
      "Sequence of the last event that is known; 0: from the oldest that is kept. Left out: what comes from now on.",
    ),
  format: z.enum(["sse", "ndjson"]).default("sse"),
});
export type EventStreamQuery = z.input<typeof eventStreamQuerySchema>;
