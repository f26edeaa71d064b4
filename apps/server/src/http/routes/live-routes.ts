import { can, MusterError } from "@muster/core";
import type { Clock, Rollouts } from "@muster/fleet";
import { idSchema } from "@muster/protocol/http";
import { z } from "zod";
import { type EventSink, serveEvents } from "../../live/event-stream.ts";
import type { LiveFeed } from "../../live/live-feed.ts";
import type { App } from "../app.ts";
import { authenticate, type AuthorizePorts } from "../authorize.ts";
import { answersText } from "../route-schemas.ts";
import { openSink, SSE } from "../stream-sink.ts";

/** Streams at once; a browser has one for each of its windows. */
const STREAMS_MAX = 500;

const querySchema = z.object({
  rollout: idSchema.optional().describe("Only this rollout's events, and the overview's."),
});
const headersSchema = z.object({
  "last-event-id": z.string().max(64).optional().describe("Id of the last event that was received."),
});

export interface LiveRoutesPorts extends AuthorizePorts {
  readonly live: LiveFeed;
  readonly rollouts: Pick<Rollouts, "read">;
  readonly clock: Clock;
}

/** Returns how many streams there are now. */
export function liveRoutes(app: App, ports: LiveRoutesPorts): { readonly count: number } {
  const sinks = new Set<EventSink>();
  app.addHook("preClose", async () => {
    for (const sink of sinks) sink.end();
  });
  app.route({
    method: "GET",
    url: "/api/v1/live",
    exposeHeadRoute: false,
    config: { access: "fleet.read" },
    schema: {
      operationId: "followFleet",
      summary: "Follow the fleet: server-sent events `overview`, `rollout`, `targets`, `release` and `reset`",
      tags: ["Live"],
      querystring: querySchema,
      headers: headersSchema,
      response: answersText("text/event-stream", "The events, for as long as the connection stands."),
    },
    handler: async (request, reply) => {
      if (sinks.size >= STREAMS_MAX) throw new MusterError("SERVER_OVERLOADED", { streams: sinks.size });
      const rolloutId = request.query.rollout ?? null;
      // While the answer can still be an error.
      if (rolloutId !== null) await ports.rollouts.read(rolloutId);
      reply.hijack();
      const sink = openSink(reply.raw, reply.getHeaders(), SSE);
      sinks.add(sink);
      const isAllowed = () => authenticate(ports, request).then(({ actor }) => can(actor, "fleet.read"));
      const lastEventId = request.headers["last-event-id"];
      try {
        await serveEvents(ports.live, sink, { rolloutId, lastEventId, isAllowed, clock: ports.clock });
      } catch (error) {
        request.log.error({ err: error }, "a stream of events ended");
      } finally {
        sinks.delete(sink);
      }
    },
  });
  return {
    get count() {
      return sinks.size;
    },
  };
}
