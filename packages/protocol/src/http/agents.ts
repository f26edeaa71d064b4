import { z } from "zod";
import { idSchema, labelsSchema, nameSchema, pageOf, pageQuerySchema, timestampSchema } from "./common.ts";

export const localPolicySchema = z.object({
  updates: z.boolean(),
  channels: z.array(z.string()).nullable(),
  minimumVersion: z.string().nullable(),
  maintenance: z.boolean(),
});

export const telemetrySchema = z.object({
  cpu: z.number(),
  memoryUsedBytes: z.number(),
  memoryTotalBytes: z.number(),
  diskFreeBytes: z.number(),
  diskTotalBytes: z.number(),
  uptimeSeconds: z.number(),
});

export const agentSchema = z
  .object({
    id: z.string(),
    hostname: z.string(),
    product: z.string(),
    version: z.string().nullable(),
    os: z.string(),
    arch: z.string(),
    labels: labelsSchema,
    assignedLabels: labelsSchema.describe("Those of its labels that the control plane gives it; they win."),
    groups: z.array(z.object({ id: z.string(), name: z.string() })).describe("By priority, highest first."),
    capabilities: z.array(z.string()),
    policy: localPolicySchema,
    online: z.boolean(),
    revoked: z.boolean(),
    enrolledAt: timestampSchema,
    lastSeenAt: timestampSchema.nullable(),
    clockSkewMs: z.int().nullable(),
    timeZone: z.string().nullable().describe("Of its host, for windows in the host's time."),
    recovery: z
      .object({ fromVersion: z.string(), toVersion: z.string(), at: timestampSchema })
      .nullable()
      .describe("The last time its host left a version that ended again and again, by itself."),
    telemetry: telemetrySchema.nullable(),
    target: z
      .object({
        id: z.string(),
        rolloutId: z.string(),
        version: z.string(),
        state: z.string(),
        reason: z.string().nullable(),
      })
      .nullable()
      .describe("The target under way or waiting, if any."),
  })
  .meta({ id: "Agent" });
export type AgentView = z.infer<typeof agentSchema>;

/** Orders of the list of agents; a leading `-` is descending. Equal ones are ordered by id. */
export const AGENT_SORTS = [
  "hostname",
  "-hostname",
  "version",
  "-version",
  "lastSeenAt",
  "-lastSeenAt",
] as const;

export const agentListQuerySchema = pageQuerySchema.extend({
  filter: z
    .string()
    .max(2048)
    .optional()
    .describe("Filter: `version:<2.6 os:linux -tag:canary state:failed last_seen:>1h env=production`."),
  product: nameSchema.optional(),
  search: z.string().min(1).max(128).optional().describe("Part of the hostname or of the id, in any case."),
  os: z.string().max(16).optional(),
  arch: z.string().max(16).optional(),
  attention: z
    .enum(["failed", "stuck", "unknown_version"])
    .optional()
    .describe("Exactly the agents that the overview counts as this."),
  sort: z.enum(AGENT_SORTS).optional().describe("By hostname if left out."),
  labels: z.string().max(2048).optional().describe("Label expression: `env=production,os!=windows`."),
  version: z.string().max(64).optional(),
  online: z.enum(["true", "false"]).optional(),
  state: z.string().max(32).optional().describe("State of its latest target."),
  revoked: z
    .enum(["true", "false"])
    .optional()
    .describe("Revoked agents are listed with `true` only; they count nowhere."),
});
export type AgentListQuery = z.input<typeof agentListQuerySchema>;
export const agentPageSchema = pageOf(agentSchema);
export const agentKeySchema = z.object({ id: idSchema });

export const createTokenSchema = z.object({
  maxUses: z.int().min(1).max(1_000_000).default(1),
  expiresInMs: z
    .int()
    .min(60_000)
    .max(365 * 86_400_000)
    .default(86_400_000),
  labels: labelsSchema.default({}),
  product: nameSchema.optional().describe("Only agents of this product may use it."),
});
export type CreateToken = z.input<typeof createTokenSchema>;

export const tokenSchema = z
  .object({
    id: z.string(),
    maxUses: z.int(),
    uses: z.int(),
    expiresAt: timestampSchema,
    labels: labelsSchema,
    product: z.string().nullable(),
    createdAt: timestampSchema,
  })
  .meta({ id: "RegistrationToken" });
export type TokenView = z.infer<typeof tokenSchema>;
export const createdTokenSchema = tokenSchema.extend({
  token: z.string().describe("The secret to give to `muster-agent enroll`. Shown once."),
});
export const tokenPageSchema = pageOf(tokenSchema);

export const overviewSchema = z
  .object({
    agents: z.int(),
    online: z.int(),
    offline: z.int(),
    unknownVersion: z.int(),
    failed: z.int().describe("Agents whose latest target failed or rolled back."),
    stuck: z.int().describe("Agents with a target under way that has gone silent."),
    versions: z.array(z.object({ product: z.string(), version: z.string().nullable(), count: z.int() })),
    platforms: z.array(z.object({ os: z.string(), arch: z.string(), count: z.int() })),
    targetStates: z.record(z.string(), z.int()).describe("Latest target of each agent by state."),
    activeRollouts: z.array(z.string()),
  })
  .meta({ id: "Overview" });
export type OverviewView = z.infer<typeof overviewSchema>;
