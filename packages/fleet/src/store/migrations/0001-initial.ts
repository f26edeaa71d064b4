import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import type { ColumnTypes } from "./column-types.ts";

type Schema = Kysely<unknown>["schema"];

/** The first schema; `schema.ts` describes the columns. */
export function createInitialSchema(types: ColumnTypes): Migration {
  return {
    up: async (db) => {
      await createReleases(db.schema, types);
      await createAgents(db.schema);
      await createRollouts(db.schema);
      await createTargets(db.schema, types);
      await createAccess(db.schema);
    },
  };
}

async function createReleases(schema: Schema, { bytes }: ColumnTypes): Promise<void> {
  await schema
    .createTable("releases")
    .addColumn("product", "text", (column) => column.notNull())
    .addColumn("version", "text", (column) => column.notNull())
    .addColumn("channel", "text", (column) => column.notNull())
    .addColumn("notes", "text", (column) => column.notNull())
    .addColumn("floor", "text")
    .addColumn("manifest", bytes, (column) => column.notNull())
    .addColumn("signatures", bytes, (column) => column.notNull())
    .addColumn("manifest_digest", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("state_json", "text", (column) => column.notNull())
    .addColumn("signed_by_json", "text", (column) => column.notNull())
    .addColumn("published_at", "bigint", (column) => column.notNull())
    .addColumn("published_by", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("releases_key", ["product", "version"])
    .execute();
  await schema
    .createIndex("releases_by_age")
    .on("releases")
    .columns(["published_at", "product", "version"])
    .execute();
  await schema.createIndex("releases_by_state").on("releases").column("state").execute();
  await schema
    .createTable("artifacts")
    .addColumn("product", "text", (column) => column.notNull())
    .addColumn("version", "text", (column) => column.notNull())
    .addColumn("os", "text", (column) => column.notNull())
    .addColumn("arch", "text", (column) => column.notNull())
    .addColumn("sha256", "text", (column) => column.notNull())
    .addColumn("size", "bigint", (column) => column.notNull())
    .addColumn("url", "text", (column) => column.notNull())
    .addColumn("mirrored", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("artifacts_key", ["product", "version", "os", "arch"])
    .addForeignKeyConstraint("artifacts_release", ["product", "version"], "releases", ["product", "version"])
    .execute();
  await schema.createIndex("artifacts_by_digest").on("artifacts").column("sha256").execute();
}

async function createAgents(schema: Schema): Promise<void> {
  await schema
    .createTable("agents")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("hostname", "text", (column) => column.notNull())
    .addColumn("product", "text", (column) => column.notNull())
    .addColumn("version", "text")
    .addColumn("version_key", "text", (column) => column.notNull())
    .addColumn("os", "text", (column) => column.notNull())
    .addColumn("arch", "text", (column) => column.notNull())
    .addColumn("labels_json", "text", (column) => column.notNull())
    .addColumn("assigned_labels_json", "text", (column) => column.notNull())
    .addColumn("capabilities_json", "text", (column) => column.notNull())
    .addColumn("policy_json", "text", (column) => column.notNull())
    .addColumn("enrolled_at", "bigint", (column) => column.notNull())
    .addColumn("last_seen_at", "bigint")
    .addColumn("connected_at", "bigint")
    .addColumn("clock_skew_ms", "bigint")
    .addColumn("telemetry_json", "text")
    .addColumn("boot_id", "text")
    .addColumn("generation", "integer", (column) => column.notNull())
    .addColumn("revoked_at", "bigint")
    .addColumn("sequence", "bigint", (column) => column.notNull().defaultTo(0))
    .execute();
  await schema.createIndex("agents_by_hostname").on("agents").columns(["hostname", "id"]).execute();
  await schema.createIndex("agents_by_version").on("agents").columns(["version_key", "id"]).execute();
  await schema
    .createIndex("agents_by_last_seen")
    .on("agents")
    .expression(sql`coalesce(last_seen_at, -1), id`)
    .execute();
  await schema
    .createIndex("agents_by_product")
    .on("agents")
    .columns(["product", "version"])
    .where(sql.ref("revoked_at"), "is", null)
    .execute();
  await schema
    .createIndex("agents_by_platform")
    .on("agents")
    .columns(["os", "arch"])
    .where(sql.ref("revoked_at"), "is", null)
    .execute();
  await schema
    .createIndex("agents_connected")
    .on("agents")
    .column("connected_at")
    .where("connected_at", "is not", null)
    .execute();
  await schema
    .createTable("agent_labels")
    .addColumn("agent_id", "text", (column) => column.notNull().references("agents.id").onDelete("cascade"))
    .addColumn("key", "text", (column) => column.notNull())
    .addColumn("value", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("agent_labels_key", ["agent_id", "key"])
    .execute();
  await schema
    .createIndex("agent_labels_by_value")
    .on("agent_labels")
    .columns(["key", "value", "agent_id"])
    .execute();
}

async function createRollouts(schema: Schema): Promise<void> {
  await schema
    .createTable("rollouts")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("product", "text", (column) => column.notNull())
    .addColumn("version", "text", (column) => column.notNull())
    .addColumn("priority", "text", (column) => column.notNull())
    .addColumn("spec_json", "text", (column) => column.notNull())
    .addColumn("silent_after_ms", "bigint", (column) => column.notNull())
    .addColumn("steadying_ms", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("state_json", "text", (column) => column.notNull())
    .addColumn("reason", "text")
    .addColumn("since", "bigint", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("created_by", "text", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .addColumn("open", "integer", (column) => column.notNull())
    .addColumn("revision", "bigint", (column) => column.notNull())
    .addColumn("last_batch_at", "bigint")
    .addColumn("touched_at_halt", "integer")
    .addForeignKeyConstraint("rollouts_release", ["product", "version"], "releases", ["product", "version"])
    .execute();
  await schema.createIndex("rollouts_by_state").on("rollouts").columns(["state", "id"]).execute();
  await schema.createIndex("rollouts_by_release").on("rollouts").columns(["product", "version"]).execute();
  await schema
    .createIndex("rollouts_open")
    .on("rollouts")
    .column("id")
    .where(sql.ref("open"), "=", 1)
    .execute();
  await schema
    .createTable("waves")
    .addColumn("rollout_id", "text", (column) => column.notNull().references("rollouts.id"))
    .addColumn("wave_index", "integer", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("state_json", "text", (column) => column.notNull())
    .addColumn("since", "bigint", (column) => column.notNull())
    .addColumn("approved", "integer", (column) => column.notNull())
    .addColumn("forgiven_before", "bigint", (column) => column.notNull())
    .addColumn("reason", "text")
    .addPrimaryKeyConstraint("waves_key", ["rollout_id", "wave_index"])
    .execute();
}

async function createTargets(schema: Schema, { bytes }: ColumnTypes): Promise<void> {
  await schema
    .createTable("targets")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("rollout_id", "text", (column) => column.notNull().references("rollouts.id"))
    .addColumn("agent_id", "text", (column) => column.notNull().references("agents.id"))
    .addColumn("purpose", "text", (column) => column.notNull())
    .addColumn("attempt", "integer", (column) => column.notNull())
    .addColumn("wave", "integer", (column) => column.notNull())
    .addColumn("from_version", "text")
    .addColumn("to_version", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("state_json", "text", (column) => column.notNull())
    .addColumn("since", "bigint", (column) => column.notNull())
    .addColumn("progress_at", "bigint", (column) => column.notNull())
    .addColumn("reason", "text")
    .addColumn("sequence", "bigint")
    .addColumn("assignment", bytes)
    .addColumn("assignment_signature", bytes)
    .addColumn("output_tail", "text")
    .addColumn("surviving_version", "text")
    .addColumn("downtime_ms", "bigint")
    .addColumn("outcome_at", "bigint")
    .addColumn("standing", "integer", (column) => column.notNull())
    .addColumn("latest", "integer", (column) => column.notNull())
    .addUniqueConstraint("targets_once", ["rollout_id", "agent_id", "purpose", "attempt"])
    .execute();
  await createTargetIndexes(schema);
}

async function createTargetIndexes(schema: Schema): Promise<void> {
  await schema.createIndex("targets_by_rollout").on("targets").columns(["rollout_id", "id"]).execute();
  await schema.createIndex("targets_by_agent").on("targets").columns(["agent_id", "id"]).execute();
  // Covers the counts of a rollout's waves.
  await schema
    .createIndex("targets_standing")
    .on("targets")
    .columns(["rollout_id", "wave", "purpose", "state", "progress_at"])
    .where(sql.ref("standing"), "=", 1)
    .execute();
  await schema
    .createIndex("targets_latest")
    .unique()
    .on("targets")
    .column("agent_id")
    .where(sql.ref("latest"), "=", 1)
    .execute();
  await schema
    .createIndex("targets_latest_by_state")
    .on("targets")
    .columns(["state", "agent_id"])
    .where(sql.ref("latest"), "=", 1)
    .execute();
}

async function createAccess(schema: Schema): Promise<void> {
  await schema
    .createTable("registration_tokens")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("secret_sha256", "text", (column) => column.notNull())
    .addColumn("max_uses", "integer", (column) => column.notNull())
    .addColumn("uses", "integer", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("labels_json", "text", (column) => column.notNull())
    .addColumn("product", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("created_by", "text", (column) => column.notNull())
    .addColumn("revoked_at", "bigint")
    .execute();
  await schema
    .createTable("api_tokens")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("secret_sha256", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
  await schema.createIndex("api_tokens_by_secret").on("api_tokens").column("secret_sha256").execute();
  await schema
    .createTable("sessions")
    .addColumn("id_sha256", "text", (column) => column.primaryKey())
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .execute();
  await schema.createIndex("sessions_by_expiry").on("sessions").column("expires_at").execute();
}
