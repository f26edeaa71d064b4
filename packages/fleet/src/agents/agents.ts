import { MusterError } from "@muster/core";
import type { AuditTrail } from "../audit/ports.ts";
import type { EventJournal } from "../events/ports.ts";
import type { AgentLine } from "../gateway/ports.ts";
import { filterContext, type GroupBook } from "../groups/group-book.ts";
import type { Memberships } from "../groups/memberships.ts";
import type { Bus, Clock } from "../ports.ts";
import type { HostPasts } from "../rollout/host-pasts.ts";
import { readTargetsOfAgent } from "../rollout/read-targets.ts";
import type { TargetDesk } from "../rollout/ports.ts";
import type { Hearing } from "../rollout/target-groups.ts";
import type { Database } from "../store/database.ts";
import { agentEvent } from "./agent-events.ts";
import { readOverview } from "./overview.ts";
import type { Agents } from "./ports.ts";
import { labelAgents, putLabels } from "./labels.ts";
import { type AgentContext, type GroupsOf, readAgent, readAgents } from "./read-agents.ts";
import type { Roster } from "./roster.ts";

export interface AgentPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly events: EventJournal;
  readonly roster: Roster;
  readonly pasts: Pick<HostPasts, "forgive">;
  readonly targets: Pick<TargetDesk, "agentChanged">;
  readonly line: () => AgentLine | null;
  readonly listeningSince: () => number;
  readonly book: GroupBook;
  readonly memberships: Memberships;
}

/** What the API asks about agents, over the embedded database. */
export function createAgents(ports: AgentPorts): Agents {
  const { db, clock } = ports;
  const hearing = (): Hearing => ({ now: clock.now(), listeningSince: ports.listeningSince() });
  const groupsOf = createGroupsOf(ports);
  const context = (): AgentContext => ({ ...filterContext(ports.book, hearing()), groupsOf });
  const read = (id: string) => readAgent(db, id, groupsOf);
  return {
    list: (query) => readAgents(db, query, context()),
    read,
    putLabels: async (id, { labels }) => {
      await putLabels(ports, id, labels);
      return read(id);
    },
    label: (request) => labelAgents(ports, request, context()),
    targets: async (id, query) => {
      await read(id);
      return readTargetsOfAgent(db, id, { query, hearing: hearing() });
    },
    overview: () => readOverview(db, hearing()),
    forgive: async (id, trail) => {
      await db.transaction().execute(async (trx) => {
        const forgiven = { forgiven_at: clock.now() + 1 };
        await trx.updateTable("agents").set(forgiven).where("id", "=", id).execute();
        await requireAgent(trx, id);
        await trail?.recordIn(trx, { action: "agent.forgive", resource: { kind: "agent", id } });
      });
      ports.pasts.forgive(id);
      ports.targets.agentChanged(id);
      ports.bus.publish({ kind: "agent", agentId: id });
      return read(id);
    },
    revoke: async (id, trail) => {
      await markRevoked(ports, id, trail);
      // From here on no message of it is admitted; its stream is told why it ends.
      ports.roster.set(id, { revoked: true });
      ports.memberships.agentGone(id);
      ports.line()?.send(id, { kind: "disconnect", code: "AGENT_REVOKED" });
      ports.targets.agentChanged(id);
      ports.bus.publish({ kind: "agent", agentId: id });
      return read(id);
    },
  };
}

function createGroupsOf({ book, memberships }: Pick<AgentPorts, "book" | "memberships">): GroupsOf {
  return (agentId) =>
    memberships.groupsOf(agentId).flatMap((id) => {
      const group = book.find(id)?.row;
      return group ? [{ id, name: group.name }] : [];
    });
}

async function markRevoked(
  { db, clock, events }: Pick<AgentPorts, "db" | "clock" | "events">,
  id: string,
  trail: AuditTrail | undefined,
): Promise<void> {
  const now = clock.now();
  await db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable("agents")
      .set({ revoked_at: now })
      .where("id", "=", id)
      .where("revoked_at", "is", null)
      .executeTakeFirst();
    await trail?.recordIn(trx, { action: "agent.revoke", resource: { kind: "agent", id } });
    if (numUpdatedRows === 0n) return requireAgent(trx, id);
    await events.append(trx, [agentEvent(id, "agent_revoked")]);
    // It counts nowhere any more; its history stays.
    await trx
      .updateTable("targets")
      .set({ latest: 0 })
      .where("latest", "=", (eb) => eb.lit(1))
      .where("agent_id", "=", id)
      .execute();
  });
}

async function requireAgent(db: Database, id: string): Promise<void> {
  const row = await db.selectFrom("agents").select("id").where("id", "=", id).executeTakeFirst();
  if (!row) throw new MusterError("AGENT_NOT_FOUND", { agent: id });
}
