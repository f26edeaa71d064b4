import { can, MusterError } from "@muster/core";
import type { Clock, EventFilter, EventJournal, EventLog } from "@muster/fleet";
import {
  type eventFilterSchema,
  eventListQuerySchema,
  eventPageSchema,
  eventStreamQuerySchema,
} from "@muster/protocol/http";
import { z } from "zod";
import type { EventSink } from "../../live/event-stream.ts";
import { serveEventLog } from "../../live/serve-event-log.ts";
import type { App } from "../app.ts";
import { authenticate, type AuthorizePorts } from "../authorize.ts";
import { answers, answersText } from "../route-schemas.ts";
import { NDJSON, openSink, SSE } from "../stream-sink.ts";

/** Streams at once: a consumer has one. */
const STREAMS_MAX = 200;
const TAGS = ["Events"];

const headersSchema = z.object({
  "last-event-id": z
    .string()
    .regex(/^\d{1,15}$/)
    .optional()
    .describe("Id of the last event that was received; wins over `after`."),
});

export interface EventLogRoutesPorts extends AuthorizePorts {
  readonly log: EventLog;
  readonly journal: EventJournal;
  readonly clock: Clock;
  /** CloudEvents' `source`. */
  readonly source: string;
}

export function eventLogRoutes(app: App, ports: EventLogRoutesPorts): void {
  const { log, clock, source } = ports;
  const sinks = new Set<EventSink>();
  app.addHook("preClose", async () => {
    for (const sink of sinks) sink.end();
  });
  app.route({
    method: "GET",
    url: "/api/v1/events",
    config: { access: "fleet.read" },
    schema: {
      operationId: "listEvents",
      summary: "List what happened, newest first",
      tags: TAGS,
      querystring: eventListQuerySchema,
      response: answers(eventPageSchema, "A page of events."),
    },
    handler: ({ query: { cursor, limit, ...filter } }) => log.list({ ...filterOf(filter), limit, cursor }),
  });
  app.route({
    method: "GET",
    url: "/api/v1/events/stream",
    exposeHeadRoute: false,
    config: { access: "fleet.read" },
    schema: {
      operationId: "streamEvents",
      summary: "Follow what happens: CloudEvents, each at least once, from where the reader was",
      tags: TAGS,
      querystring: eventStreamQuerySchema,
      headers: headersSchema,
      response: answersText("text/event-stream", "The events, for as long as the connection stands."),
    },
    handler: async (request, reply) => {
      if (sinks.size >= STREAMS_MAX) throw new MusterError("SERVER_OVERLOADED", { streams: sinks.size });
      const { format, after = null, ...filter } = request.query;
      const lastEventId = request.headers["last-event-id"];
      reply.hijack();
      const sink = openSink(reply.raw, reply.getHeaders(), format === "sse" ? SSE : NDJSON);
      sinks.add(sink);
      const isAllowed = () => authenticate(ports, request).then(({ actor }) => can(actor, "fleet.read"));
      const reader = {
        filter: filterOf(filter),
        after: lastEventId === undefined ? after : Number(lastEventId),
        format,
        source,
        clock,
        isAllowed,
      };
      try {
        await serveEventLog(ports, sink, reader);
      } catch (error) {
        request.log.error({ err: error }, "a stream of events ended");
      } finally {
        sinks.delete(sink);
      }
    },
  });
}

function filterOf(
  query: z.output<typeof eventFilterSchema> | Omit<z.output<typeof eventFilterSchema>, "since" | "until">,
): EventFilter {
  const { type, agent, rollout, ...same } = query;
  const types = typeof type === "string" ? [type] : type;
  return { ...same, types, agentId: agent, rolloutId: rollout };
}
