import { MusterError, type Version } from "@muster/core";
import type { EventJournal } from "../events/ports.ts";
import type { AgentIdentity } from "../gateway/ports.ts";
import type { Database } from "../store/database.ts";
import { agentEvent } from "./agent-events.ts";

/** What is asked of an agent so often that it is kept in memory. The database is the truth; this follows every commit. */
export interface AgentEntry {
  /** Of the newest certificate. */
  readonly generation: number;
  readonly revoked: boolean;
  readonly version: Version | null;
  readonly clockSkewMs: number | null;
  /** Null: no gateway holds its stream. */
  readonly connectedAt: number | null;
  /** UTC until the host has said. */
  readonly timeZone: string;
  /** Its own and the central ones, as they hold now. */
  readonly labels: Labels;
  /** `linux/amd64`. */
  readonly platform: string;
  /** Of the last heartbeat since the server started; null: there was none. */
  readonly diskFreeBytes: number | null;
}

type Labels = Readonly<Record<string, string>>;

/** Every agent there is, about 200 bytes each. */
export interface Roster {
  get(agentId: string): AgentEntry | undefined;
  /** Adds an agent or changes one. */
  set(agentId: string, change: Partial<AgentEntry>): void;
  /** Throws `AGENT_NOT_FOUND`, `AGENT_REVOKED`. */
  admit(identity: Pick<AgentIdentity, "agentId" | "generation">): void;
}

const NEW_ENTRY: AgentEntry = {
  generation: 1,
  revoked: false,
  version: null,
  clockSkewMs: null,
  connectedAt: null,
  timeZone: "UTC",
  labels: {},
  platform: "",
  diskFreeBytes: null,
};

/** Reads the roster. Nobody is connected to a server that starts, so everybody is marked as gone. */
export async function loadRoster(db: Database, events: EventJournal): Promise<Roster> {
  await db.transaction().execute(async (trx) => {
    const left = await trx
      .updateTable("agents")
      .set({ connected_at: null })
      .where("connected_at", "is not", null)
      .returning("id")
      .execute();
    await events.append(
      trx,
      left.map(({ id }) => agentEvent(id, "agent_offline", { data: { serverStarted: true } })),
    );
  });
  const rows = await db
    .selectFrom("agents")
    .select([
      "id",
      "generation",
      "revoked_at",
      "version",
      "clock_skew_ms",
      "time_zone",
      "labels_json",
      "os",
      "arch",
    ])
    .execute();
  const entries = new Map<string, AgentEntry>();
  // Many agents have the same labels: they are kept once.
  const labels = new Map<string, Labels>();
  for (const row of rows) {
    const known = labels.get(row.labels_json) ?? (JSON.parse(row.labels_json) as Labels);
    labels.set(row.labels_json, known);
    entries.set(row.id, {
      ...NEW_ENTRY,
      generation: row.generation,
      revoked: row.revoked_at !== null,
      version: row.version,
      clockSkewMs: row.clock_skew_ms,
      timeZone: row.time_zone ?? NEW_ENTRY.timeZone,
      labels: known,
      platform: `${row.os}/${row.arch}`,
    });
  }
  return {
    get: (agentId) => entries.get(agentId),
    set: (agentId, change) => {
      entries.set(agentId, { ...(entries.get(agentId) ?? NEW_ENTRY), ...change });
    },
    admit: ({ agentId, generation }) => {
      const entry = entries.get(agentId);
      if (!entry) throw new MusterError("AGENT_NOT_FOUND", { agent: agentId });
      if (entry.revoked) throw new MusterError("AGENT_REVOKED", { agent: agentId });
      // The newest but one is good until its holder has the newest: the answer to a renewal can be lost.
      if (generation < entry.generation - 1) {
        throw new MusterError("AGENT_REVOKED", { agent: agentId, generation, newest: entry.generation });
      }
    },
  };
}
