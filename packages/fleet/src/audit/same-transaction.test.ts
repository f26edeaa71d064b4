import { createKeyAndRequest } from "@muster/trust/x509";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFleetWorld, type FleetWorld } from "../testing/fleet-world.ts";
import { createTestPlane, type TestPlane } from "../testing/plane.ts";
import { auditTrail, createAudit } from "./audit.ts";
import type { AuditTrail } from "./ports.ts";
import type { Database } from "../store/database.ts";

const ADA = { name: "ada", role: "operator" } as const;
const ACTOR = { kind: "user", name: "ada", id: "u1" } as const;

function trailOf(db: Database, now: () => number): AuditTrail {
  const audit = createAudit({ db, clock: { now, wakeAt: () => () => {} } });
  return auditTrail(audit, { actor: ACTOR, from: null });
}

const actionsIn = async (db: Database, action: string): Promise<number> => {
  const rows = await db.selectFrom("audit_log").select("sequence").where("action", "=", action).execute();
  return rows.length;
};

const deed = (action: string, resource: string) => ({ actor_name: "ada", action, resource_id: resource });

/** The commit that fails, and whether what it was to write is there afterwards. */
const ACCIDENTS = [
  { when: "before", isThere: 0 },
  { when: "after", isThere: 1 },
] as const;

describe.each(ACCIDENTS)("when the disk fails just $when the commit", ({ when, isThere }) => {
  let on: TestPlane;
  let trail: AuditTrail;
  beforeEach(async () => {
    on = await createTestPlane();
    trail = trailOf(on.watched.db, () => on.clock.now());
  });
  afterEach(() => on.close());

  const fail = () => on.watched.killAt({ commit: 1, when, isFatal: false });
  const count = async (table: "registration_tokens" | "agents", column: "revoked_at" | "created_at") => {
    const { db } = on.watched;
    const rows = await db.selectFrom(table).selectAll().execute();
    return rows.filter((row) => new Map<string, unknown>(Object.entries(row)).get(column) !== null).length;
  };

  test("a token is made if, and only if, it is recorded", async () => {
    fail();
    await expect(on.plane.tokens.create({}, ADA, trail)).rejects.toThrow("killed");
    expect(await count("registration_tokens", "created_at")).toBe(isThere);
    expect(await actionsIn(on.watched.db, "token.create")).toBe(isThere);
  });

  test("a token is revoked if, and only if, it is recorded", async () => {
    const { id } = await on.plane.tokens.create({}, ADA);
    fail();
    await expect(on.plane.tokens.revoke(id, trail)).rejects.toThrow("killed");
    expect(await count("registration_tokens", "revoked_at")).toBe(isThere);
    expect(await actionsIn(on.watched.db, "token.revoke")).toBe(isThere);
  });

  test("an agent is revoked if, and only if, it is recorded and told", async () => {
    const { agentId } = await on.enrol();
    fail();
    await expect(on.plane.agents.revoke(agentId, trail)).rejects.toThrow("killed");
    expect(await count("agents", "revoked_at")).toBe(isThere);
    expect(await actionsIn(on.watched.db, "agent.revoke")).toBe(isThere);
    const told = await on.watched.db.selectFrom("events").select("type").execute();
    expect(told.filter(({ type }) => type === "agent_revoked")).toHaveLength(isThere);
  });

  test("an agent is enrolled if, and only if, it is recorded and told", async () => {
    const token = await on.plane.tokens.create({}, ADA);
    fail();
    const request = { product: "app", hostname: "host", labels: {}, csr: createKeyAndRequest().csr };
    await expect(on.plane.desk.enrol({ ...request, token: token.token })).rejects.toThrow("killed");
    expect(await count("agents", "created_at")).toBe(isThere);
    expect(await actionsIn(on.watched.db, "agent.enrol")).toBe(isThere);
  });
});

describe("a rollout", () => {
  let world: FleetWorld;
  afterEach(() => world.close());

  const REQUEST = {
    product: "app",
    version: "2.0.0",
    strategy: { kind: "immediate" },
  } as const;

  test.each(ACCIDENTS)(
    "is made if, and only if, it is recorded: $when the commit",
    async ({ when, isThere }) => {
      world = await createFleetWorld({ agents: 2 });
      await world.settle();
      const trail = trailOf(world.db(), () => world.clock.now());
      world.watched().killAt({ commit: 1, when, isFatal: false });
      const cohort = { kind: "all" } as const;
      const creation = world.plane().rollouts.create({ ...REQUEST, cohort }, ADA, trail);
      await expect(creation).rejects.toThrow("killed");
      expect((await world.plane().rollouts.list({ limit: 10 })).total).toBe(isThere);
      for (const action of ["rollout.create", "group.upgrade.schedule"]) {
        expect(await actionsIn(world.db(), action)).toBe(isThere);
      }
    },
  );

  test("that names agents is recorded for them, too, and each verb by its name", async () => {
    world = await createFleetWorld({ agents: 3 });
    await world.settle();
    const trail = trailOf(world.db(), () => world.clock.now());
    const { rollouts } = world.plane();
    const ids = world.agents.slice(0, 1).map(({ id }) => id);
    const { id } = await rollouts.create({ ...REQUEST, cohort: { kind: "agents", ids } }, ADA, trail);
    for (const verb of ["pause", "resume", "cancel"] as const) await rollouts.act(id, verb, ADA, trail);
    const rows = await world
      .db()
      .selectFrom("audit_log")
      .select(["actor_name", "action", "resource_id"])
      .where("actor_kind", "=", "user")
      .orderBy("sequence")
      .execute();
    expect(rows).toEqual([
      deed("rollout.create", id),
      ...ids.map((agent) => deed("node.upgrade.request", agent)),
      deed("rollout.pause", id),
      deed("rollout.resume", id),
      deed("rollout.cancel", id),
    ]);
  });
});
