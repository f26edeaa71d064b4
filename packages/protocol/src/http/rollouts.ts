import { z } from "zod";
import { idSchema, nameSchema, pageOf, pageQuerySchema, timestampSchema, versionSchema } from "./common.ts";
import { maxDownloadsSchema, offlineSchema, sliceLabelsSchema, spreadSchema } from "./plan-limits.ts";

const DAY_MS = 86_400_000;
const durationMs = (max = 30 * DAY_MS) => z.int().min(0).max(max);

export const cohortSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("all") }),
  z.strictObject({ kind: z.literal("agents"), ids: z.array(idSchema).min(1).max(100_000) }),
  z.strictObject({ kind: z.literal("labels"), expression: z.string().min(1).max(2048) }),
  z.strictObject({ kind: z.literal("filter"), filter: z.string().min(1).max(2048) }),
  z.strictObject({ kind: z.literal("group"), id: idSchema }),
]);

export const waveEndSchema = z.union([
  z.strictObject({ percent: z.number().gt(0).max(100) }),
  z.strictObject({ count: z.int().min(1) }),
]);

export const strategySchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("immediate") }),
  z.strictObject({ kind: z.literal("batches"), size: z.int().min(1), delayMs: durationMs() }),
  z.strictObject({
    kind: z.literal("waves"),
    waves: z.array(waveEndSchema).min(1).max(50),
    settleMs: durationMs(),
    approval: z.enum(["automatic", "manual", "two_people"]),
  }),
]);

export const failurePolicySchema = z.strictObject({
  threshold: z.union([
    z.strictObject({ count: z.int().min(1) }),
    z.strictObject({ percent: z.number().gt(0).max(100) }),
  ]),
  action: z.enum(["pause", "roll_back"]),
  silentAfterMs: durationMs(DAY_MS).min(1000),
});

export const limitsSchema = z.strictObject({
  deadlineMs: z.int().min(1000).max(DAY_MS),
  stabilizationMs: durationMs(DAY_MS),
  maxBoots: z.int().min(1).max(20),
});

export const deadlinesSchema = z.strictObject({
  dispatched: z.int().min(1000),
  downloading: z.int().min(1000),
  verifying: z.int().min(1000),
  staging: z.int().min(1000),
  restarting: z.int().min(1000),
});

export const windowSchema = z.strictObject({
  rule: z
    .string()
    .min(1)
    .max(200)
    .describe("When it opens, as a recurrence rule: `FREQ=WEEKLY;BYDAY=SA,SU;BYHOUR=2;BYMINUTE=0`."),
  durationMs: z
    .int()
    .min(60_000)
    .max(7 * DAY_MS),
  timeZone: z.string().min(1).max(64).describe("`Europe/Berlin`, or `host` for each host's own."),
});

/** What is asked for; all that has a safe default may be left out, the plan may not. */
export const rolloutRequestSchema = z
  .strictObject({
    name: nameSchema
      .optional()
      .describe("Asked for again under the same name, it is the same rollout; something else is refused."),
    product: nameSchema,
    version: versionSchema,
    cohort: cohortSchema,
    strategy: strategySchema,
    maxInFlight: z.int().min(1).max(100_000).optional(),
    failurePolicy: failurePolicySchema.partial().optional(),
    allowDowngrade: z.boolean().optional(),
    limits: limitsSchema.partial().optional(),
    deadlines: deadlinesSchema.partial().optional(),
    priority: z.enum(["normal", "emergency"]).optional(),
    startAt: timestampSchema.nullable().optional(),
    windows: z.array(windowSchema).max(20).optional().describe("When agents may be updated; none: any time."),
    spread: spreadSchema.nullable().optional(),
    maxDownloads: maxDownloadsSchema.nullable().optional(),
    offline: offlineSchema.partial().optional(),
    sliceLabels: sliceLabelsSchema.optional(),
  })
  .meta({ id: "RolloutRequest" });
export type RolloutRequest = z.infer<typeof rolloutRequestSchema>;

export const rolloutSpecSchema = z.object({
  product: z.string(),
  version: z.string(),
  cohort: cohortSchema,
  strategy: strategySchema,
  maxInFlight: z.int(),
  failurePolicy: failurePolicySchema,
  allowDowngrade: z.boolean(),
  limits: limitsSchema,
  deadlines: deadlinesSchema,
  priority: z.enum(["normal", "emergency"]),
  startAt: timestampSchema.nullable(),
  windows: z.array(windowSchema),
  spread: spreadSchema.nullable(),
  maxDownloads: maxDownloadsSchema.nullable(),
  offline: offlineSchema,
  sliceLabels: sliceLabelsSchema,
});

export const EXCLUSIONS = [
  "unknown_agent",
  "other_product",
  "no_artifact",
  "no_update_capability",
  "updates_disabled",
  "channel_not_allowed",
  "below_minimum_version",
  "maintenance",
  "already_there",
  "downgrade",
  "other_rollout",
  "quarantined",
  "revoked",
] as const;

export const previewSchema = z
  .object({
    ready: z.int(),
    excluded: z.int(),
    offline: z.int().describe("Ready, but not connected now: they are updated when they return."),
    plannedBytes: z.number().describe("What the gateways will send."),
    diskShort: z
      .object({ count: z.int(), agentIds: z.array(z.string()).describe("At most 100 of them.") })
      .optional()
      .describe("Ready, but with less free on the disk than three times the archive: they wait for room."),
    waves: z.array(z.object({ index: z.int(), size: z.int() })),
    reasons: z.array(
      z.object({
        reason: z.enum(EXCLUSIONS),
        count: z.int(),
        agentIds: z.array(z.string()).describe("At most 100 of them."),
      }),
    ),
    versions: z
      .array(z.object({ version: z.string().nullable(), count: z.int() }))
      .describe("What the ready ones run now."),
  })
  .meta({ id: "Preview" });
export type PreviewView = z.infer<typeof previewSchema>;

export const countsSchema = z.object({
  planned: z.int(),
  pending: z.int(),
  inProgress: z.int(),
  healthy: z.int(),
  failed: z.int(),
  rolledBack: z.int(),
  silent: z.int(),
  canceled: z.int(),
});

export const waveSchema = z.object({
  index: z.int(),
  state: z.enum(["waiting", "open", "settling", "passed", "failed"]),
  since: timestampSchema,
  settlesAt: timestampSchema.nullable(),
  approved: z.boolean(),
  approvedBy: z.array(z.string()),
  reason: z.string().nullable(),
  counts: countsSchema,
});
export type WaveView = z.infer<typeof waveSchema>;

export const rolloutSchema = z
  .object({
    id: z.string(),
    name: z.string().optional().describe("Under which it was asked for, if it was under one."),
    spec: rolloutSpecSchema,
    state: z.enum([
      "scheduled",
      "running",
      "paused",
      "completed",
      "canceled",
      "failed",
      "rolling_back",
      "rolled_back",
    ]),
    pauseCause: z.string().nullable(),
    reason: z.string().nullable().describe("Why it is not moving; a word of the list in docs/states.md."),
    since: timestampSchema,
    createdAt: timestampSchema,
    createdBy: z.string(),
    endedAt: timestampSchema.nullable(),
    revision: z.int(),
    touched: z.int().describe("Hosts that were given the update."),
    touchedAtHalt: z.int().nullable().describe("The same when it last halted."),
    heldSlices: z
      .array(z.string())
      .describe(
        "`platform=linux/arm64`: where rollbacks cluster, and nothing is dispatched until it is resumed.",
      ),
    counts: countsSchema,
    waves: z.array(waveSchema),
    verbs: z
      .array(
        z.object({
          verb: z.enum(["pause", "resume", "approve", "cancel", "retry", "roll_back"]),
          allowed: z.boolean(),
          why: z.string(),
        }),
      )
      .describe("What can be done now, and in words what it does or why it cannot be done."),
  })
  .meta({ id: "Rollout" });
export type RolloutView = z.infer<typeof rolloutSchema>;
export type RolloutVerb = RolloutView["verbs"][number]["verb"];

export const targetSchema = z
  .object({
    id: z.string(),
    rolloutId: z.string(),
    agentId: z.string(),
    hostname: z.string(),
    purpose: z.enum(["update", "return"]),
    attempt: z.int(),
    wave: z.int(),
    fromVersion: z.string().nullable(),
    toVersion: z.string(),
    state: z.enum([
      "pending",
      "dispatched",
      "downloading",
      "verifying",
      "staging",
      "restarting",
      "healthy",
      "failed",
      "rolled_back",
      "canceled",
      "superseded",
    ]),
    silent: z.boolean(),
    receivedBytes: z.number().nullable(),
    totalBytes: z.number().nullable(),
    code: z.string().nullable(),
    message: z.string().nullable(),
    outputTail: z.string().nullable(),
    survivingVersion: z.string().nullable(),
    downtimeMs: z.int().nullable(),
    reason: z.string().nullable(),
    since: timestampSchema,
    progressAt: timestampSchema,
  })
  .meta({ id: "Target" });
export type TargetView = z.infer<typeof targetSchema>;

export const rolloutKeySchema = z.object({ id: idSchema });
export const rolloutListQuerySchema = pageQuerySchema.extend({
  state: z.string().max(32).optional(),
  name: nameSchema.optional(),
});
export const rolloutPageSchema = pageOf(rolloutSchema);
export const targetListQuerySchema = pageQuerySchema.extend({
  state: z.string().max(32).optional(),
  group: z
    .enum(["pending", "in_progress", "healthy", "failed", "rolled_back", "silent", "canceled"])
    .optional()
    .describe("Exactly the targets that a wave counts as this; `silent` ones are also in progress."),
  wave: z.coerce.number().int().min(0).optional(),
  offline: z
    .stringbool()
    .optional()
    .describe("Only those that are pending and not connected: they follow when they return."),
});
export const targetPageSchema = pageOf(targetSchema);
