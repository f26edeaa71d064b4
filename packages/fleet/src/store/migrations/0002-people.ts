import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { ColumnTypes } from "./column-types.ts";

type Schema = Kysely<unknown>["schema"];

/** Users and what they sign in with; `schema.ts` describes the columns. Whoever was signed in signs in again. */
export function createPeople({ bytes }: ColumnTypes): Migration {
  return {
    up: async ({ schema }) => {
      await createUsers(schema);
      await createFactors(schema, bytes);
      await createSessions(schema);
      for (const column of ["owner_id", "groups_json", "created_by"]) {
        await schema.alterTable("api_tokens").addColumn(column, "text").execute();
      }
      for (const column of ["expires_at", "last_used_at"]) {
        await schema.alterTable("api_tokens").addColumn(column, "bigint").execute();
      }
      // Whose rollouts they are, for people with a role in one group.
      await schema.alterTable("rollouts").addColumn("cohort_group_id", "text").execute();
      await schema
        .createIndex("rollouts_by_group")
        .on("rollouts")
        .columns(["cohort_group_id", "id"])
        .execute();
      await schema.createIndex("api_tokens_by_owner").on("api_tokens").columns(["owner_id", "id"]).execute();
    },
  };
}

async function createUsers(schema: Schema): Promise<void> {
  await schema
    .createTable("users")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("email", "text")
    .addColumn("password_hash", "text")
    .addColumn("must_change_password", "integer", (column) => column.notNull())
    .addColumn("oidc_issuer", "text")
    .addColumn("oidc_subject", "text")
    .addColumn("totp_secret", "text")
    .addColumn("totp_pending_secret", "text")
    .addColumn("totp_last_step", "bigint")
    .addColumn("disabled_at", "bigint")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("created_by", "text", (column) => column.notNull())
    .addColumn("last_sign_in_at", "bigint")
    .execute();
  await schema
    .createIndex("users_by_subject")
    .unique()
    .on("users")
    .columns(["oidc_issuer", "oidc_subject"])
    .execute();
  await schema
    .createTable("user_grants")
    .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("group_id", "text", (column) => column.notNull())
    .addColumn("source", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("user_grants_key", ["user_id", "group_id", "source"])
    .execute();
}

async function createFactors(schema: Schema, bytes: ColumnTypes["bytes"]): Promise<void> {
  await schema
    .createTable("recovery_codes")
    .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("code_sha256", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("recovery_codes_key", ["user_id", "code_sha256"])
    .execute();
  await schema
    .createTable("passkeys")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("public_key", bytes, (column) => column.notNull())
    .addColumn("counter", "bigint", (column) => column.notNull())
    .addColumn("transports_json", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("last_used_at", "bigint")
    .execute();
  await schema.createIndex("passkeys_by_user").on("passkeys").columns(["user_id", "created_at"]).execute();
  await schema
    .createTable("known_devices")
    .addColumn("secret_sha256", "text", (column) => column.primaryKey())
    .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .execute();
  await schema
    .createTable("sign_in_challenges")
    .addColumn("secret_sha256", "text", (column) => column.primaryKey())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("state_json", "text", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .execute();
}

async function createSessions(schema: Schema): Promise<void> {
  await schema.dropTable("sessions").execute();
  await schema
    .createTable("sessions")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("secret_sha256", "text", (column) => column.notNull().unique())
    .addColumn("user_id", "text", (column) => column.references("users.id").onDelete("cascade"))
    .addColumn("token_id", "text", (column) => column.references("api_tokens.id").onDelete("cascade"))
    .addColumn("method", "text", (column) => column.notNull())
    .addColumn("carrier", "text", (column) => column.notNull())
    .addColumn("address", "text", (column) => column.notNull())
    .addColumn("user_agent", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("last_seen_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .execute();
  await schema.createIndex("sessions_by_expiry").on("sessions").column("expires_at").execute();
  await schema.createIndex("sessions_by_user").on("sessions").columns(["user_id", "id"]).execute();
}
