import type { TargetView } from "@muster/protocol/http";
import { expect } from "vitest";
import { createAudit } from "../audit/audit.ts";
import { createAuditLog } from "../audit/audit-log.ts";
import { createEventLog } from "../events/event-log.ts";
import type { EventRecord } from "../events/ports.ts";
import type { FleetWorld } from "./fleet-world.ts";

const WAY = ["started", "downloaded", "staged", "completed"];

/** What holds of events and audit log after any history: each thing that happened was told once, in its order. */
export async function expectTold(world: FleetWorld): Promise<void> {
  const rollout = await world.read();
  const { events } = await createEventLog(world.db()).after(0, {}, 10_000);
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  for (const target of await world.targets()) expectWay(target, events);
  const states = events.filter(({ category }) => category === "rollout").map(({ type }) => type);
  expect(states[0]).toBe("rollout_created");
  expect(states.at(-1)).toBe(`rollout_${rollout.state}`);
  expect(new Set(states).size).toBe(states.length);
  for (const { id } of world.agents) expectPresence(id, events);
  await expectAudit(world, rollout.id, rollout.state);
}

function expectWay({ id, purpose, state }: TargetView, events: readonly EventRecord[]): void {
  const told = events.filter(({ targetId }) => targetId === id).map(({ type }) => type);
  const prefix = purpose === "update" ? "upgrade" : "return";
  if (state === "healthy") expect(told).toEqual(WAY.map((step) => `${prefix}_${step}`));
  else if (told.length > 0) expect(told.at(-1)).toBe(`${prefix}_${state}`);
  expect(new Set(told).size).toBe(told.length);
}

/** It comes and goes in turn, however often the server did. */
function expectPresence(agent: string, events: readonly EventRecord[]): void {
  const told = events
    .filter(({ agentId, category }) => agentId === agent && category === "agent")
    .map(({ type }) => type);
  expect(told).toEqual(told.map((_, index) => (index % 2 === 0 ? "agent_online" : "agent_offline")));
}

async function expectAudit(world: FleetWorld, rolloutId: string, state: string): Promise<void> {
  const db = world.db();
  const { clock } = world;
  const log = createAuditLog({ db, audit: createAudit({ db, clock }), now: () => clock.now() });
  expect(await log.verify(null)).toMatchObject({ kind: "intact" });
  const { items } = await log.list({ limit: 100, resource: `rollout/${rolloutId}` });
  const actions = items.map(({ action }) => action);
  expect(actions[0]).toBe(state === "completed" ? "group.upgrade.complete" : `group.upgrade.${state}`);
  expect(new Set(actions).size).toBe(actions.length);
}
