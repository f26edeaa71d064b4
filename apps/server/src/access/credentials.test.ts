import { type Clock, type Database, openDatabase } from "@muster/fleet";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createApiTokens } from "./api-tokens.ts";
import { createSessions, SESSION_TTL_MS } from "./sessions.ts";

const time = { now: 1_000_000 };
const clock: Clock = { now: () => time.now, wakeAt: () => () => {} };
let db: Database;

beforeEach(async () => {
  db = await openDatabase({ path: ":memory:" });
});
afterEach(() => db.destroy());

describe("API tokens", () => {
  test("the administrator's token is found, and no other text", async () => {
    const tokens = createApiTokens({ db, clock });
    expect(await tokens.hasAdministrator()).toBe(false);
    const token = await tokens.renewAdministrator();
    expect(token).toMatch(/^mst_[A-Za-z0-9_-]{43}$/);
    expect(await tokens.hasAdministrator()).toBe(true);
    expect(await tokens.find(token)).toEqual({ name: "administrator", role: "administrator" });
    for (const wrong of ["", "mst_", token.slice(0, -1), `${token}x`, token.slice(4), "x".repeat(10_000)]) {
      expect(await tokens.find(wrong)).toBeNull();
    }
  });

  test("only the hash is kept", async () => {
    const token = await createApiTokens({ db, clock }).renewAdministrator();
    const [row] = await db.selectFrom("api_tokens").selectAll().execute();
    expect(JSON.stringify(row)).not.toContain(token.slice(4));
    expect(row?.secret_sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test("a new one ends the old one and its sessions", async () => {
    const tokens = createApiTokens({ db, clock });
    const sessions = createSessions({ db, clock });
    const old = await tokens.renewAdministrator();
    const session = await sessions.begin({ name: "administrator", role: "administrator" });
    const other = await sessions.begin({ name: "somebody", role: "viewer" });
    const next = await tokens.renewAdministrator();
    expect(await tokens.find(old)).toBeNull();
    expect(await tokens.find(next)).not.toBeNull();
    expect(await sessions.find(session)).toBeNull();
    expect(await sessions.find(other)).not.toBeNull();
  });
});

describe("sessions", () => {
  test("a session is found until it ends", async () => {
    const sessions = createSessions({ db, clock });
    const secret = await sessions.begin({ name: "somebody", role: "operator" });
    expect(await sessions.find(secret)).toEqual({ name: "somebody", role: "operator" });
    expect(await sessions.find(`${secret}x`)).toBeNull();
    await sessions.end(secret);
    await sessions.end(secret);
    expect(await sessions.find(secret)).toBeNull();
  });

  test("a session is over after twelve hours, and is swept by the next one", async () => {
    const sessions = createSessions({ db, clock });
    const secret = await sessions.begin({ name: "somebody", role: "operator" });
    time.now += SESSION_TTL_MS - 1;
    expect(await sessions.find(secret)).not.toBeNull();
    time.now += 1;
    expect(await sessions.find(secret)).toBeNull();
    await sessions.begin({ name: "somebody", role: "operator" });
    expect(await db.selectFrom("sessions").select("id_sha256").execute()).toHaveLength(1);
  });
});
