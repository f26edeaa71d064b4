import type { Migration } from "kysely/migration";
import { createInitialSchema } from "./0001-initial.ts";
import { createPeople } from "./0002-people.ts";
import { createImport } from "./0003-import.ts";
import { createAuditAndEvents } from "./0004-audit-events.ts";
import { createGroups } from "./0005-groups.ts";
import { addRecovery } from "./0006-recovery.ts";
import { addHours } from "./0007-hours.ts";
import { addApprovals } from "./0008-approvals.ts";
import { addCommands } from "./0009-commands.ts";
import { addPlanner } from "./0010-planner.ts";
import { addOperations } from "./0011-operations.ts";
import type { ColumnTypes } from "./column-types.ts";

/** Every migration, by name; they run in the order of their names and are never changed once released. */
export function createMigrations(types: ColumnTypes): Record<string, Migration> {
  return {
    "0001-initial": createInitialSchema(types),
    "0002-people": createPeople(types),
    "0003-import": createImport(),
    "0004-audit-events": createAuditAndEvents(types),
    "0005-groups": createGroups(),
    "0006-recovery": addRecovery,
    "0007-hours": addHours,
    "0008-approvals": addApprovals,
    "0009-commands": addCommands,
    "0010-planner": addPlanner,
    "0011-operations": addOperations,
  };
}
