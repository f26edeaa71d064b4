import { type Freeze, MusterError } from "@muster/core";
import type { AuditTrail } from "../audit/ports.ts";
import type { Clock } from "../ports.ts";
import type { Actor } from "../people/actor.ts";
import type { Database } from "../store/database.ts";
import type { FreezeRow } from "../store/schema.ts";

/** A freeze as it is kept. Times are milliseconds since 1970. */
export interface NamedFreeze extends Freeze {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly createdBy: string;
}

export interface NewFreeze extends Freeze {
  readonly name: string;
}

/** Who asks, and where what they do is written down. */
export interface Caller {
  readonly actor: Actor;
  readonly audit: AuditTrail;
}

/** Times in which only emergencies are rolled out. */
export interface Freezes {
  /** Those that are not over, earliest first. */
  list(): readonly NamedFreeze[];
  /** Throws `FREEZE_INVALID` for one that is over, or ends before it begins. */
  add(freeze: NewFreeze, caller: Caller): Promise<NamedFreeze>;
  /** Throws `RESOURCE_NOT_FOUND`. */
  remove(id: string, caller: Caller): Promise<void>;
}

export interface FreezePorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Something about them has changed. */
  readonly onChange: () => void;
}

/** Reads the calendar; it is small, and asked for at every plan, so it stays in memory. */
export async function openFreezes({ db, clock, newId, onChange }: FreezePorts): Promise<Freezes> {
  const rows = await db.selectFrom("freezes").selectAll().execute();
  const freezes = new Map(rows.map((row) => [row.id, toFreeze(row)]));
  return {
    list: () =>
      [...freezes.values()].filter(({ until }) => until > clock.now()).toSorted((a, b) => a.from - b.from),
    add: async ({ name, from, until }, { actor, audit }) => {
      const now = clock.now();
      if (until <= from || until <= now)
        throw new MusterError("FREEZE_INVALID", { name, from: inWords(from), until: inWords(until) });
      const freeze = { id: newId(), name, from, until, createdAt: now, createdBy: actor.name };
      await db.transaction().execute(async (trx) => {
        await trx.insertInto("freezes").values(toRow(freeze)).execute();
        const resource = { kind: "freeze", id: freeze.id };
        await audit.recordIn(trx, { action: "freeze.create", resource, details: { name, from, until } });
      });
      freezes.set(freeze.id, freeze);
      onChange();
      return freeze;
    },
    remove: async (id, { audit }) => {
      const freeze = freezes.get(id);
      if (!freeze) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "freeze", id });
      await db.transaction().execute(async (trx) => {
        await trx.deleteFrom("freezes").where("id", "=", id).execute();
        const { name } = freeze;
        await audit.recordIn(trx, {
          action: "freeze.remove",
          resource: { kind: "freeze", id },
          details: { name },
        });
      });
      freezes.delete(id);
      onChange();
    },
  };
}

function inWords(at: number): string {
  return new Date(at).toISOString();
}

function toFreeze(row: FreezeRow): NamedFreeze {
  const { id, name, from_at: from, until_at: until, created_at: createdAt, created_by: createdBy } = row;
  return { id, name, from, until, createdAt, createdBy };
}

function toRow({ id, name, from, until, createdAt, createdBy }: NamedFreeze): FreezeRow {
  return { id, name, from_at: from, until_at: until, created_at: createdAt, created_by: createdBy };
}
