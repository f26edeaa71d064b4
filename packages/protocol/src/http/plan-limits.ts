import { z } from "zod";

const DAY_MS = 86_400_000;

export const spreadSchema = z
  .strictObject({
    label: z
      .string()
      .min(1)
      .max(63)
      .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/),
    max: z.int().min(1).max(100_000),
  })
  .describe(
    "Never more than `max` agents with the same value of the label under way at once; agents without the label are not limited.",
  );

export const maxDownloadsSchema = z
  .int()
  .min(1)
  .max(100_000)
  .describe("Most agents that download at once; null: as many as are under way.");

export const offlineSchema = z
  .strictObject({
    doneAtPercent: z
      .number()
      .gt(0)
      .max(100)
      .nullable()
      .describe(
        "A wave passes when so many percent of its agents have ended; null: who cannot be updated now holds nothing back.",
      ),
    expireAfterMs: z
      .int()
      .min(1000)
      .max(365 * DAY_MS)
      .nullable()
      .describe(
        "An agent that is away for so long after its wave opened is left out, with `TARGET_OFFLINE_EXPIRED`; null: it is waited for.",
      ),
  })
  .describe("What becomes of agents that are not connected when their wave is open.");

export const sliceLabelsSchema = z
  .array(z.string().min(1).max(63))
  .max(10)
  .describe("Labels whose values are held back when rollbacks cluster in one, besides the platform.");
