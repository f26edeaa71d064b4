import type { EventJournal } from "../events/ports.ts";
import type { AgentHeartbeat } from "../gateway/ports.ts";
import type { Bus, Clock } from "../ports.ts";
import type { Database } from "../store/database.ts";
import { chunksOf } from "../store/bulk.ts";
import { agentEvent } from "./agent-events.ts";
import { heartbeatColumns } from "./mapping.ts";

export interface LifeSignPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly events: EventJournal;
  readonly connectedSince: (agentId: string) => number | null;
  /** Told when a batch could not be written; it is tried again with the next. */
  readonly onError: (error: unknown) => void;
}

/** Collects heartbeats and departures and writes them together, once a second. */
export interface LifeSigns {
  note(agentId: string, heartbeat: AgentHeartbeat | null): void;
  /** Writes what is collected now. */
  flush(): Promise<void>;
  /** Writes what is left; nothing is collected after it. */
  stop(): Promise<void>;
}

interface Sign {
  readonly at: number;
  readonly heartbeat: AgentHeartbeat | null;
}

const FLUSH_EVERY_MS = 1000;

export function createLifeSigns(ports: LifeSignPorts): LifeSigns {
  const { clock, bus, onError } = ports;
  let collected = new Map<string, Sign>();
  let callOff: (() => void) | null = null;
  let stopped = false;

  const schedule = () => {
    if (callOff || stopped || collected.size === 0) return;
    callOff = clock.wakeAt(clock.now() + FLUSH_EVERY_MS, () => {
      callOff = null;
      flush().catch(onError);
    });
  };

  const flush = async () => {
    const batch = collected;
    if (batch.size === 0) return;
    collected = new Map();
    try {
      await write(ports, batch);
    } catch (error) {
      // What came since is newer.
      collected = new Map([...batch, ...collected]);
      throw error;
    } finally {
      schedule();
    }
    for (const agentId of batch.keys()) bus.publish({ kind: "agent", agentId });
  };

  return {
    note: (agentId, heartbeat) => {
      const before = collected.get(agentId)?.heartbeat ?? null;
      const policy = heartbeat?.policy ?? before?.policy ?? null;
      collected.set(agentId, { at: clock.now(), heartbeat: heartbeat ? { ...heartbeat, policy } : before });
      schedule();
    },
    flush,
    stop: async () => {
      stopped = true;
      callOff?.();
      await flush();
    },
  };
}

async function write(
  { db, events, connectedSince }: LifeSignPorts,
  batch: ReadonlyMap<string, Sign>,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const gone = await connectedAmong(
      trx,
      [...batch.keys()].filter((id) => connectedSince(id) === null),
    );
    await events.append(
      trx,
      gone.map((id) => agentEvent(id, "agent_offline")),
    );
    for (const [agentId, { at, heartbeat }] of batch) {
      await trx
        .updateTable("agents")
        .set({
          last_seen_at: at,
          connected_at: connectedSince(agentId),
          ...(heartbeat && heartbeatColumns(heartbeat)),
        })
        .where("id", "=", agentId)
        .execute();
    }
  });
}

/** Those of the agents that the database still has as connected. */
async function connectedAmong(trx: Database, agentIds: readonly string[]): Promise<readonly string[]> {
  const connected: string[] = [];
  for (const ids of chunksOf(agentIds)) {
    const rows = await trx
      .selectFrom("agents")
      .select("id")
      .where("id", "in", ids)
      .where("connected_at", "is not", null)
      .execute();
    connected.push(...rows.map(({ id }) => id));
  }
  return connected;
}
