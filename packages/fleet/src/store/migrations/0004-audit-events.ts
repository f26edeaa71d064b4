import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import type { ColumnTypes } from "./column-types.ts";

type Schema = Kysely<unknown>["schema"];

/** What was done, what happened, and who is told of it. */
export function createAuditAndEvents(types: ColumnTypes): Migration {
  return {
    up: async (db) => {
      await createAuditLog(db.schema);
      await keepAppendOnly(db, types);
      await createEvents(db.schema);
      await createWebhooks(db.schema);
      await sql`insert into audit_head (id, sequence, hash) values (1, 0, ${"0".repeat(64)})`.execute(db);
      await sql`insert into audit_checkpoint (id, sequence, hash, at) values (1, 0, ${"0".repeat(64)}, 0)`.execute(
        db,
      );
      await sql`insert into event_head (id, sequence) values (1, 0)`.execute(db);
    },
  };
}

async function createAuditLog(schema: Schema): Promise<void> {
  await schema
    .createTable("audit_log")
    .addColumn("sequence", "bigint", (column) => column.primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("actor_kind", "text", (column) => column.notNull())
    .addColumn("actor_name", "text", (column) => column.notNull())
    .addColumn("actor_id", "text")
    .addColumn("action", "text", (column) => column.notNull())
    .addColumn("resource_kind", "text")
    .addColumn("resource_id", "text")
    .addColumn("details_json", "text", (column) => column.notNull())
    .addColumn("address", "text")
    .addColumn("user_agent", "text")
    .addColumn("credential", "text")
    .addColumn("previous_hash", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .execute();
  await schema.createIndex("audit_log_by_time").on("audit_log").columns(["at", "sequence"]).execute();
  await schema
    .createIndex("audit_log_by_actor")
    .on("audit_log")
    .columns(["actor_name", "sequence"])
    .execute();
  await schema.createIndex("audit_log_by_action").on("audit_log").columns(["action", "sequence"]).execute();
  await schema
    .createIndex("audit_log_by_resource")
    .on("audit_log")
    .columns(["resource_kind", "resource_id", "sequence"])
    .execute();
  await schema
    .createTable("audit_head")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .execute();
  await schema
    .createTable("audit_checkpoint")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .execute();
}

/** Rows are never changed, and only those go that a checkpoint stands for. */
async function keepAppendOnly(db: Kysely<unknown>, { bytes }: ColumnTypes): Promise<void> {
  const statements = bytes === "blob" ? SQLITE_TRIGGERS : POSTGRES_TRIGGERS;
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const SQLITE_TRIGGERS = [
  `create trigger audit_log_never_changes before update on audit_log
   begin select raise(abort, 'the audit log is append-only'); end`,
  `create trigger audit_log_never_shrinks before delete on audit_log
   when old.sequence > (select sequence from audit_checkpoint where id = 1)
   begin select raise(abort, 'the audit log is append-only'); end`,
];

const POSTGRES_TRIGGERS = [
  `create function audit_log_is_append_only() returns trigger language plpgsql as $$
   begin
     if tg_op = 'DELETE' and old.sequence <= (select sequence from audit_checkpoint where id = 1) then
       return old;
     end if;
     raise exception 'the audit log is append-only' using errcode = 'integrity_constraint_violation';
   end $$`,
  `create trigger audit_log_is_append_only before update or delete on audit_log
   for each row execute function audit_log_is_append_only()`,
];

async function createEvents(schema: Schema): Promise<void> {
  await schema
    .createTable("events")
    .addColumn("sequence", "bigint", (column) => column.primaryKey())
    .addColumn("id", "text", (column) => column.notNull().unique())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("type", "text", (column) => column.notNull())
    .addColumn("category", "text", (column) => column.notNull())
    .addColumn("severity", "text", (column) => column.notNull())
    .addColumn("code", "text")
    .addColumn("message", "text", (column) => column.notNull())
    .addColumn("agent_id", "text")
    .addColumn("rollout_id", "text")
    .addColumn("target_id", "text")
    .addColumn("wave", "integer")
    .addColumn("product", "text")
    .addColumn("version", "text")
    .addColumn("data_json", "text", (column) => column.notNull())
    .execute();
  await schema.createIndex("events_by_time").on("events").columns(["at", "sequence"]).execute();
  await schema.createIndex("events_by_agent").on("events").columns(["agent_id", "sequence"]).execute();
  await schema.createIndex("events_by_rollout").on("events").columns(["rollout_id", "sequence"]).execute();
  await schema
    .createTable("event_head")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .execute();
}

async function createWebhooks(schema: Schema): Promise<void> {
  await schema
    .createTable("webhooks")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("url", "text", (column) => column.notNull())
    .addColumn("description", "text", (column) => column.notNull())
    .addColumn("filter_json", "text", (column) => column.notNull())
    .addColumn("secret_sealed", "text", (column) => column.notNull())
    .addColumn("enabled", "integer", (column) => column.notNull())
    .addColumn("disabled_why", "text")
    .addColumn("failing_since", "bigint")
    .addColumn("position", "bigint", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("created_by", "text", (column) => column.notNull())
    .execute();
  await schema
    .createTable("webhook_deliveries")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("webhook_id", "text", (column) =>
      column.notNull().references("webhooks.id").onDelete("cascade"),
    )
    .addColumn("event_id", "text", (column) => column.notNull())
    .addColumn("event_type", "text", (column) => column.notNull())
    .addColumn("payload", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("attempts", "integer", (column) => column.notNull())
    .addColumn("first_attempt_at", "bigint")
    .addColumn("next_attempt_at", "bigint")
    .addColumn("last_status", "integer")
    .addColumn("last_error", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .execute();
  await schema
    .createIndex("webhook_deliveries_by_webhook")
    .on("webhook_deliveries")
    .columns(["webhook_id", "state", "id"])
    .execute();
  await schema
    .createIndex("webhook_deliveries_due")
    .on("webhook_deliveries")
    .columns(["next_attempt_at", "id"])
    .where("next_attempt_at", "is not", null)
    .execute();
}
