import { z } from "zod";
import { idSchema, pageOf, pageQuerySchema, timestampSchema, versionSchema } from "./common.ts";
import { EXCLUSIONS } from "./rollouts.ts";

/** Of every document that is applied. */
export const API_VERSION = "muster/v1";

export const operationNameSchema = z
  .string()
  .max(128)
  .regex(/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/)
  .describe("Lower-case letters and digits, with - _ . between.");

const machineRefSchema = z
  .string()
  .max(253)
  .regex(/^[!-~]+$/)
  .describe("The agent's id, or the hostname of exactly one agent.");

const parametersSchema = z
  .strictObject({
    version: versionSchema.optional(),
    downloadURL: z
      .url()
      .max(2048)
      .optional()
      .describe(
        "In place of a version: an address that a verified manifest lists for the machine's platform.",
      ),
  })
  .refine(({ version, downloadURL }) => (version === undefined) !== (downloadURL === undefined), {
    error: "must have either version or downloadURL",
  });

/** What is wanted of one machine. The same document again is the same operation. */
export const createOperationSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).optional(),
    kind: z.literal("MachineOperation"),
    operationKind: z.literal("AgentUpgrade"),
    metadata: z.strictObject({ name: operationNameSchema }),
    spec: z.strictObject({ machineRef: machineRefSchema, parameters: parametersSchema }),
  })
  .meta({ id: "MachineOperationRequest" });
export type CreateOperation = z.infer<typeof createOperationSchema>;

export const OPERATION_PHASES = ["pending", "in_progress", "succeeded", "failed", "canceled"] as const;
export const OPERATION_CONDITIONS = ["accepted", "dispatched", "succeeded"] as const;

const conditionSchema = z.object({
  type: z.enum(OPERATION_CONDITIONS),
  status: z.enum(["true", "false", "unknown"]),
  reason: z.string().describe("One word, in snake_case, or an error code."),
  message: z.string(),
  lastTransitionTime: timestampSchema,
});

export const operationSchema = z
  .object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("MachineOperation"),
    operationKind: z.literal("AgentUpgrade"),
    metadata: z.object({ name: z.string(), createdAt: timestampSchema, createdBy: z.string() }),
    spec: z.object({
      machineRef: z.string(),
      parameters: z.object({ version: z.string().optional(), downloadURL: z.string().optional() }),
    }),
    status: z.object({
      phase: z.enum(OPERATION_PHASES),
      agentId: z.string(),
      product: z.string(),
      fromVersion: z.string().nullable(),
      version: z.string(),
      rolloutId: z
        .string()
        .nullable()
        .describe("The rollout of one agent that does it; null: nothing was to be done."),
      targetId: z.string().nullable(),
      conditions: z.array(conditionSchema),
    }),
  })
  .meta({ id: "MachineOperation" });
export type OperationView = z.infer<typeof operationSchema>;

export const operationKeySchema = z.object({ name: operationNameSchema });
export const operationListQuerySchema = pageQuerySchema.extend({
  agentId: idSchema.optional().describe("Only those on this agent."),
});
export const operationPageSchema = pageOf(operationSchema);

/** What an agent is offered, and whether it can take it. */
export const availableUpdateSchema = z
  .object({
    agentId: z.string(),
    product: z.string(),
    version: z.string().nullable().describe("What it runs."),
    offeredBy: z
      .enum(["desired_state", "channel"])
      .describe("What its groups say, or the newest release of the channel that it runs."),
    available: z
      .object({
        version: z.string(),
        channel: z.string(),
        notes: z.string(),
        manifestDigest: z.string(),
        publishedAt: timestampSchema,
        artifact: z
          .object({ os: z.string(), arch: z.string(), sha256: z.string(), size: z.int() })
          .nullable()
          .describe("For the agent's platform; null: there is none."),
      })
      .nullable(),
    ready: z.boolean().describe("Whether it would be accepted now."),
    reason: z
      .enum([...EXCLUSIONS, "no_release"])
      .nullable()
      .describe("Why it would not."),
    target: z
      .object({ id: z.string(), rolloutId: z.string(), version: z.string(), state: z.string() })
      .nullable()
      .describe("The update of it that is waiting or under way."),
  })
  .meta({ id: "AvailableUpdate" });
export type AvailableUpdateView = z.infer<typeof availableUpdateSchema>;

export const requestUpdateSchema = z.strictObject({
  name: operationNameSchema
    .optional()
    .describe("Of the operation; left out, made of the agent and the version: asking again is the same one."),
});
export type RequestUpdate = z.infer<typeof requestUpdateSchema>;
