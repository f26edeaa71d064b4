import { z } from "zod";
import { overviewSchema } from "./agents.ts";
import { releaseSchema } from "./releases.ts";
import { rolloutSchema, targetSchema } from "./rollouts.ts";

/**
 * Server-sent events of `GET /api/v1/live`. `?rollout=<id>` narrows `rollout` and `targets` to one rollout. Each event
 * has an id; a client that reconnects with `Last-Event-ID` gets what it missed, or `reset` if that is too long ago and
 * it has to read the snapshots again. A comment line keeps the connection alive every 15 seconds.
 */
export const liveEventSchema = z.discriminatedUnion("event", [
  z.object({ event: z.literal("rollout"), data: rolloutSchema }),
  z.object({
    event: z.literal("targets"),
    data: z.object({ rolloutId: z.string(), targets: z.array(targetSchema) }),
  }),
  z.object({ event: z.literal("release"), data: releaseSchema }),
  z.object({ event: z.literal("overview"), data: overviewSchema }),
  z.object({ event: z.literal("reset"), data: z.object({}) }),
]);
export type LiveEvent = z.infer<typeof liveEventSchema>;
