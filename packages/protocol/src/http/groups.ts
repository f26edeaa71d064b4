import { z } from "zod";
import {
  idSchema,
  labelsSchema,
  nameSchema,
  pageOf,
  pageQuerySchema,
  timestampSchema,
  versionSchema,
} from "./common.ts";
import { rolloutRequestSchema, strategySchema } from "./rollouts.ts";

/** Agents named one by one in one request. */
const NAMED_MAX = 100_000;
const DAY_MS = 86_400_000;

export const filterTextSchema = z
  .string()
  .max(2048)
  .describe("Filter: `version:<2.6 os:linux -tag:canary state:failed last_seen:>1h env=production`.");

/** Which agents are meant: named ones, or all that match a filter but for some, as many as the caller has seen. */
export const selectionSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("agents"), ids: z.array(idSchema).min(1).max(NAMED_MAX) }),
  z.strictObject({
    kind: z.literal("filter"),
    filter: filterTextSchema,
    except: z.array(idSchema).max(NAMED_MAX).optional(),
    expected: z.int().min(0).optional().describe("Refused if another number of agents matches."),
  }),
]);
export type Selection = z.infer<typeof selectionSchema>;

export const putLabelsSchema = z.strictObject({
  labels: labelsSchema.describe("All labels that the control plane gives the agent."),
});
export const labelAgentsSchema = z.strictObject({
  selection: selectionSchema,
  set: labelsSchema.optional(),
  remove: z.array(z.string().min(1).max(63)).max(64).optional(),
  dryRun: z.boolean().optional().describe("Only count."),
});
export type LabelAgents = z.infer<typeof labelAgentsSchema>;
export const labelledSchema = z.object({
  matched: z.int(),
  changed: z.int().describe("Agents whose labels are others now, or would be."),
});
export type LabelledView = z.infer<typeof labelledSchema>;

const priority = z.int().min(-1000).max(1000);
const groupName = nameSchema.describe("Lower-case letters and digits, with - _ . between.");

export const groupSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    rule: z.string().nullable().describe("Filter that says who is in it; null: its members are named."),
    priority: z.int().describe("Of the groups that say what an agent runs, the one with the highest does."),
    members: z.int(),
    revision: z.int(),
    createdAt: timestampSchema,
    createdBy: z.string(),
    updatedAt: timestampSchema,
  })
  .meta({ id: "Group" });
export type GroupView = z.infer<typeof groupSchema>;
export const groupPageSchema = pageOf(groupSchema);
export const groupListQuerySchema = pageQuerySchema;
export const groupKeySchema = z.object({ id: idSchema.describe("The group's id, or its name.") });

export const createGroupSchema = z.strictObject({
  name: groupName,
  description: z.string().max(1024).optional(),
  rule: filterTextSchema.nullable().optional(),
  priority: priority.optional(),
});
export type CreateGroup = z.infer<typeof createGroupSchema>;
export const updateGroupSchema = z.strictObject({
  name: groupName.optional(),
  description: z.string().max(1024).optional(),
  rule: filterTextSchema
    .nullable()
    .optional()
    .describe("null: those who are in it now are its named members from then on."),
  priority: priority.optional(),
  revision: z.int().optional().describe("Refused if the group is at another."),
});
export type UpdateGroup = z.infer<typeof updateGroupSchema>;

export const changeMembersSchema = z.strictObject({
  add: z.array(idSchema).max(NAMED_MAX).optional(),
  remove: z.array(idSchema).max(NAMED_MAX).optional(),
});
export type ChangeMembers = z.infer<typeof changeMembersSchema>;

export const previewRuleSchema = z.strictObject({
  rule: filterTextSchema,
  group: idSchema.optional().describe("The group whose rule it would become."),
});
export type PreviewRule = z.infer<typeof previewRuleSchema>;
const movementSchema = z.object({
  count: z.int(),
  agentIds: z.array(z.string()).describe("At most 100 of them."),
});
export const rulePreviewSchema = z
  .object({ members: z.int(), joins: movementSchema, leaves: movementSchema })
  .meta({ id: "RulePreview" });
export type RulePreviewView = z.infer<typeof rulePreviewSchema>;

export const trackSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("channel"), channel: nameSchema }),
  z.strictObject({
    kind: z.literal("version"),
    version: versionSchema,
    allowDowngrade: z.boolean().optional(),
  }),
]);

/** How the group's agents are brought there: whatever a rollout's plan can say, and how those who come later follow. */
export const desiredPlanSchema = rolloutRequestSchema
  .omit({
    name: true,
    product: true,
    version: true,
    cohort: true,
    allowDowngrade: true,
    priority: true,
    startAt: true,
  })
  .extend({
    followUp: z
      .strictObject({
        everyMs: z
          .int()
          .min(1000)
          .max(30 * DAY_MS)
          .optional(),
        atMost: z.int().min(1).max(100_000).optional(),
        offlineAfterMs: z
          .int()
          .min(1000)
          .max(30 * DAY_MS)
          .optional(),
      })
      .optional(),
  });

export const putDesiredSchema = z.strictObject({
  track: trackSchema,
  plan: desiredPlanSchema,
  revision: z.int().optional().describe("Refused if the desired state is at another; 0: if there is one."),
});
export type PutDesired = z.infer<typeof putDesiredSchema>;
export const desiredKeySchema = z.object({ id: idSchema, product: nameSchema });

export const DRIFT_REASONS = [
  "no_artifact",
  "no_update_capability",
  "updates_disabled",
  "channel_not_allowed",
  "below_minimum_version",
  "maintenance",
  "downgrade",
  "in_rollout",
  "failed_before",
  "taken_back",
  "held",
  "offline",
  "waiting",
] as const;

export const PHASES = ["no_release", "rolling_out", "held", "following"] as const;

export const desiredSchema = z
  .object({
    groupId: z.string(),
    group: z.string(),
    product: z.string(),
    track: trackSchema,
    plan: z.looseObject({ strategy: strategySchema }),
    revision: z.int(),
    updatedAt: timestampSchema,
    updatedBy: z.string(),
    version: z.string().nullable().describe("What its agents are to run now; null: no release is ready."),
    phase: z
      .enum(PHASES)
      .describe(
        "`held`: a rollout was paused, canceled or failed, and nothing starts until an operator acts.",
      ),
    why: z.string().nullable().describe("Why it is held, or why there is no release."),
    rolloutId: z.string().nullable().describe("The rollout under way, or the one that holds it."),
    agents: z.int().describe("Agents of the product that follow this group and no other."),
    converged: z.int(),
    drift: z.array(
      z.object({ reason: z.enum(DRIFT_REASONS), count: z.int(), agentIds: z.array(z.string()) }),
    ),
  })
  .meta({ id: "DesiredState" });
export type DesiredView = z.infer<typeof desiredSchema>;

export const groupStatusSchema = z
  .object({ group: groupSchema, desired: z.array(desiredSchema) })
  .meta({ id: "GroupStatus" });
export type GroupStatusView = z.infer<typeof groupStatusSchema>;

export const agentDesiredSchema = z
  .object({
    groupId: z.string().nullable().describe("The group that says what the agent runs; null: none does."),
    group: z.string().nullable(),
    version: z.string().nullable(),
    phase: z.enum(PHASES).nullable(),
    drift: z.enum(DRIFT_REASONS).nullable().describe("Why it does not run that; null: it does."),
    why: z.string().nullable().describe("The same in words."),
  })
  .meta({ id: "AgentDesiredState" });
export type AgentDesiredView = z.infer<typeof agentDesiredSchema>;
