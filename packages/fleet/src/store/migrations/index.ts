import type { Migration } from "kysely/migration";
import { createInitialSchema } from "./0001-initial.ts";
import { createImport } from "./0003-import.ts";
import { addRecovery } from "./0006-recovery.ts";
import type { ColumnTypes } from "./column-types.ts";

/** Every migration, by name; they run in the order of their names and are never changed once released. */
export function createMigrations(types: ColumnTypes): Record<string, Migration> {
  return {
    "0001-initial": createInitialSchema(types),
    "0003-import": createImport(),
    "0006-recovery": addRecovery,
  };
}
