import fc from "fast-check";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../store/database.ts";
import type { AuditRow } from "../store/schema.ts";
import { createAudit, SYSTEM_ACTOR } from "./audit.ts";
import { createAuditLog } from "./audit-log.ts";
import type { Audit, AuditDetails, AuditEntry, AuditLog } from "./ports.ts";

let db: Database;
let audit: Audit;
let log: AuditLog;
let now = 1_900_000_000_000;

beforeEach(async () => {
  now = 1_900_000_000_000;
  db = await openDatabase({ path: ":memory:" });
  audit = createAudit({ db, clock: { now: () => now, wakeAt: () => () => {} } });
  log = createAuditLog({ db, audit, now: () => now });
});
afterEach(() => db.destroy());

const FROM = { address: "192.0.2.7", userAgent: "curl/8", credential: "token:k1" };
const entry = (action: string, changes: Partial<AuditEntry> = {}): AuditEntry => ({
  actor: { kind: "user", name: "ada", id: "u1" },
  action,
  resource: { kind: "rollout", id: "r1" },
  from: FROM,
  ...changes,
});
const recordMany = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => audit.record(entry(`rollout.step_${index}`))));

/** Lets a test do what an intruder in the database could. */
async function dropTriggers(): Promise<void> {
  await sql`drop trigger audit_log_never_changes`.execute(db);
  await sql`drop trigger audit_log_never_shrinks`.execute(db);
}

describe("recording", () => {
  test("numbers records without a gap, and each follows from the one before", async () => {
    await recordMany(5);
    const { items, total } = await log.list({ limit: 10 });
    expect(total).toBe(5);
    expect(items.map(({ sequence }) => sequence)).toEqual([5, 4, 3, 2, 1]);
    for (const [index, { previousHash }] of items.slice(0, -1).entries()) {
      expect(previousHash).toBe(items[index + 1]?.hash);
    }
    expect(await log.verify(null)).toMatchObject({ kind: "intact", checked: 5, anchor: "none" });
  });

  test("inside a transaction is undone with it", async () => {
    await audit.record(entry("rollout.create"));
    const broken = new Error("the server was killed here");
    const action = db.transaction().execute(async (trx) => {
      await audit.recordIn(trx, [entry("rollout.cancel")]);
      throw broken;
    });
    await expect(action).rejects.toBe(broken);
    expect((await log.head()).sequence).toBe(1);
    await audit.record(entry("rollout.pause"));
    expect(await log.verify(null)).toMatchObject({ kind: "intact", checked: 2 });
  });

  test("keeps whatever text it is given in a form that can be verified", async () => {
    const text = fc.string({ maxLength: 700, unit: "binary" });
    const detail = fc.oneof(
      text,
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.array(text, { maxLength: 60 }),
    );
    const details: fc.Arbitrary<AuditDetails> = fc.dictionary(text, detail, { maxKeys: 40 });
    await fc.assert(
      fc.asyncProperty(details, text, async (some, name) => {
        await audit.record(entry(name, { details: some, actor: { kind: "anonymous", name } }));
      }),
      { numRuns: 60 },
    );
    expect(await log.verify(null)).toMatchObject({ kind: "intact" });
  });

  test("is refused to be undone or changed by the database itself", async () => {
    await recordMany(2);
    const change = db.updateTable("audit_log").set({ actor_name: "nobody" }).execute();
    await expect(change).rejects.toMatchObject({ code: "RESOURCE_CONFLICT" });
    const removal = db.deleteFrom("audit_log").where("sequence", "=", 2).execute();
    await expect(removal).rejects.toMatchObject({ code: "RESOURCE_CONFLICT" });
  });
});

const rows = () => db.selectFrom("audit_log").selectAll().orderBy("sequence").execute();
const restore = async (all: readonly AuditRow[]) => {
  await db.deleteFrom("audit_log").execute();
  await db.insertInto("audit_log").values(all).execute();
};

/** What an intruder does to the rows of a log of ten records. */
const CHANGES: fc.Arbitrary<Partial<AuditRow>> = fc.oneof(
  fc.record({ at: fc.constantFrom(0, 1) }),
  fc.record({ actor_kind: fc.constantFrom("system", "robot") }),
  fc.record({ actor_name: fc.constantFrom("eve", "", "Ada") }),
  fc.record({ actor_id: fc.constantFrom("u2", null, "") }),
  fc.record({ action: fc.constantFrom("rollout.pause", "rollout.step_0 ") }),
  fc.record({ resource_kind: fc.constantFrom("group", null) }),
  fc.record({ resource_id: fc.constantFrom("r2", null) }),
  fc.record({ details_json: fc.constantFrom('{"a":1}', "{ }", "", "{", "[]", '{"unreadable":"{"}') }),
  fc.record({ address: fc.constantFrom("198.51.100.1", null) }),
  fc.record({ user_agent: fc.constantFrom("curl/9", null) }),
  fc.record({ credential: fc.constantFrom("token:k2", null) }),
  fc.record({ previous_hash: fc.constant("f".repeat(64)) }),
  fc.record({ hash: fc.constant("f".repeat(64)) }),
);

describe("the chain", () => {
  const COUNT = 10;
  beforeEach(async () => {
    await recordMany(COUNT);
    await dropTriggers();
  });

  test("shows any change of a record, and says which", async () => {
    const before = await rows();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: COUNT }), CHANGES, async (sequence, change) => {
        fc.pre(!(sequence === 1 && "action" in change && change.action === "rollout.step_0"));
        await db.updateTable("audit_log").set(change).where("sequence", "=", sequence).execute();
        expect(await log.verify(null)).toMatchObject({ kind: "broken", sequence, checked: sequence - 1 });
        await restore(before);
      }),
      { numRuns: 150 },
    );
  });

  test("shows that records were removed, also the last ones", async () => {
    const before = await rows();
    await fc.assert(
      fc.asyncProperty(fc.subarray([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], { minLength: 1 }), async (gone) => {
        await db.deleteFrom("audit_log").where("sequence", "in", gone).execute();
        expect(await log.verify(null)).toMatchObject({ kind: "broken" });
        await restore(before);
      }),
      { numRuns: 60 },
    );
  });

  test("shows that records were put in another order", async () => {
    const before = await rows();
    const order = fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], { minLength: 10, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(order, async (sequences) => {
        fc.pre(sequences.some((sequence, index) => sequence !== index + 1));
        await restore(before.map((row, index) => ({ ...row, sequence: sequences[index] ?? 0 })));
        expect(await log.verify(null)).toMatchObject({ kind: "broken" });
        await restore(before);
      }),
      { numRuns: 60 },
    );
  });

  test("that was made again from the start is found out by a head that was kept elsewhere", async () => {
    const kept = await log.head();
    await db.deleteFrom("audit_log").execute();
    await db
      .updateTable("audit_head")
      .set({ sequence: 0, hash: "0".repeat(64) })
      .execute();
    await recordMany(COUNT - 1);
    await audit.record(entry("rollout.step_9", { actor: { kind: "user", name: "eve" } }));
    expect(await log.verify(null)).toMatchObject({ kind: "intact" });
    expect(await log.verify(kept)).toMatchObject({ kind: "broken", sequence: COUNT });
  });

  test("that was cut is found out by a head that was kept elsewhere", async () => {
    const kept = await log.head();
    await db.deleteFrom("audit_log").where("sequence", ">", 4).execute();
    const last = (await rows()).at(-1);
    await db
      .updateTable("audit_head")
      .set({ sequence: 4, hash: last?.hash ?? "" })
      .execute();
    expect(await log.verify(null)).toMatchObject({ kind: "intact" });
    expect(await log.verify(kept)).toMatchObject({ kind: "broken", sequence: 5 });
  });

  test("that only grew meets the head that was kept", async () => {
    const kept = await log.head();
    await recordMany(3);
    expect(await log.verify(kept)).toMatchObject({ kind: "intact", anchor: "met", checked: COUNT + 3 });
  });
});

describe("pruning", () => {
  test("leaves a chain that verifies, and a record of what is gone", async () => {
    await recordMany(6);
    const early = await log.head();
    now += 1000;
    await recordMany(4);
    expect(await log.prune(now)).toBe(6);
    const { items } = await log.list({ limit: 20 });
    expect(items.map(({ sequence }) => sequence)).toEqual([11, 10, 9, 8, 7]);
    expect(items[0]).toMatchObject({
      action: "audit.prune",
      actor: SYSTEM_ACTOR,
      details: { throughSequence: 6 },
    });
    expect(await log.verify(null)).toMatchObject({ kind: "intact", checked: 5, from: { sequence: 6 } });
    expect(await log.verify(early)).toMatchObject({ kind: "intact", anchor: "met" });
    expect(await log.verify({ ...early, sequence: 3 })).toMatchObject({ kind: "intact", anchor: "pruned" });
  });

  test("of everything leaves the record of it", async () => {
    await recordMany(3);
    now += 1;
    expect(await log.prune(now)).toBe(3);
    expect(await log.verify(null)).toMatchObject({ kind: "intact", checked: 1 });
    expect(await log.prune(now)).toBe(0);
  });

  test("cannot be forged: a checkpoint without its record is found", async () => {
    await recordMany(5);
    const third = (await log.list({ limit: 3 })).items.at(-1);
    await db
      .updateTable("audit_checkpoint")
      .set({ sequence: 3, hash: third?.hash ?? "" })
      .execute();
    await db.deleteFrom("audit_log").where("sequence", "<=", 3).execute();
    expect(await log.verify(null)).toMatchObject({ kind: "broken", sequence: 3 });
  });
});

describe("reading", () => {
  beforeEach(async () => {
    await audit.record(entry("rollout.create"));
    now += 10;
    await audit.record(entry("rollout.pause", { actor: { kind: "token", name: "ci" } }));
    now += 10;
    await audit.record(entry("rolloutx.odd", { resource: { kind: "release", id: "app/1.0.0" } }));
  });

  test.each([
    [{ actor: "ci" }, [2]],
    [{ action: "rollout.pause" }, [2]],
    [{ action: "rollout.*" }, [2, 1]],
    [{ action: "%" }, []],
    [{ resource: "rollout" }, [2, 1]],
    [{ resource: "release/app/1.0.0" }, [3]],
    [{ since: 1_900_000_000_010 }, [3, 2]],
    [{ until: 1_900_000_000_010 }, [1]],
    [{ since: 1_900_000_000_010, until: 1_900_000_000_020, actor: "ada" }, []],
  ] as const)("by %j", async (filter, sequences) => {
    const { items, total } = await log.list({ ...filter, limit: 10 });
    expect(items.map(({ sequence }) => sequence)).toEqual(sequences);
    expect(total).toBe(sequences.length);
    const streamed: number[] = [];
    for await (const batch of log.stream(filter)) streamed.push(...batch.map(({ sequence }) => sequence));
    expect(streamed).toEqual(sequences.toReversed());
  });

  test("goes on from page to page", async () => {
    const first = await log.list({ limit: 2 });
    const second = await log.list({ limit: 2, cursor: first.nextCursor ?? "" });
    expect([...first.items, ...second.items].map(({ sequence }) => sequence)).toEqual([3, 2, 1]);
    expect(second.nextCursor).toBeNull();
  });
});
