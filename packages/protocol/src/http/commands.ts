import { AGENT_COMMAND_NAMES } from "@muster/core";
import { z } from "zod";
import { pageOf, timestampSchema } from "./common.ts";

export const commandRequestSchema = z.strictObject({
  name: z.enum(AGENT_COMMAND_NAMES).describe("One of a fixed list; there is no shell."),
  arguments: z
    .record(z.string().max(32), z.string().max(256))
    .optional()
    .describe("`log_level` takes a `level`."),
});
export type CommandRequest = z.infer<typeof commandRequestSchema>;

export const commandSchema = z
  .object({
    id: z.string(),
    agentId: z.string(),
    name: z.enum(AGENT_COMMAND_NAMES),
    arguments: z.record(z.string(), z.string()),
    state: z.enum(["sent", "ok", "failed", "timed_out"]),
    output: z.string().describe("At most 65,536 characters."),
    requestedAt: timestampSchema,
    requestedBy: z.string(),
    endedAt: timestampSchema.nullable(),
  })
  .meta({ id: "Command" });
export type CommandView = z.infer<typeof commandSchema>;
export const commandPageSchema = pageOf(commandSchema);
