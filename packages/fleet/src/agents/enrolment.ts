import { MusterError, OPEN_POLICY } from "@muster/core";
import { parseToken } from "@muster/trust";
import type { Audit } from "../audit/ports.ts";
import type { EventJournal } from "../events/ports.ts";
import type { AgentDesk } from "../gateway/ports.ts";
import type { Memberships } from "../groups/memberships.ts";
import type { Bus, Clock } from "../ports.ts";
import { insertAll } from "../store/bulk.ts";
import type { Database } from "../store/database.ts";
import { agentEvent } from "./agent-events.ts";
import type { AgentAuthority } from "./authority.ts";
import { labelRows, mergeLabels } from "./mapping.ts";
import { readUsableToken, useToken } from "./registration-tokens.ts";
import type { Roster } from "./roster.ts";

export interface EnrolmentPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly authority: AgentAuthority;
  /** The controller's public key, Ed25519, 32 bytes. */
  readonly assignmentKey: Uint8Array;
  readonly roster: Roster;
  readonly bus: Bus;
  readonly events: EventJournal;
  readonly audit: Audit;
  readonly memberships: Pick<Memberships, "agentChanged">;
}

/** How hosts get in, and keep their certificates fresh. */
export function createEnrolment(ports: EnrolmentPorts): Pick<AgentDesk, "enrol" | "renew"> {
  const { db, clock, authority, roster } = ports;
  return {
    enrol: async (request) => {
      const { product, hostname } = request;
      const token = await readUsableToken(db, parseToken(request.token), { product, now: clock.now() });
      const agentId = ports.newId();
      // Before the transaction: a bad request costs the token nothing.
      const issued = await authority.certify(request.csr, { agentId, generation: 1 });
      const assigned = JSON.parse(token.labels_json) as Record<string, string>;
      const labels = mergeLabels(request.labels, assigned);
      await db.transaction().execute(async (trx) => {
        await useToken(trx, token);
        await trx
          .insertInto("agents")
          .values({
            id: agentId,
            hostname,
            product,
            version: null,
            version_key: "",
            os: "",
            arch: "",
            labels_json: JSON.stringify(labels),
            assigned_labels_json: token.labels_json,
            own_labels_json: JSON.stringify(request.labels),
            capabilities_json: "[]",
            policy_json: JSON.stringify(OPEN_POLICY),
            enrolled_at: clock.now(),
            last_seen_at: null,
            connected_at: null,
            clock_skew_ms: null,
            forgiven_at: null,
            telemetry_json: null,
            boot_id: null,
            generation: 1,
            revoked_at: null,
          })
          .execute();
        await insertAll(trx, "agent_labels", labelRows(agentId, labels));
        await recordEnrolment(ports, trx, { agentId, tokenId: token.id, hostname, product });
      });
      roster.set(agentId, { generation: 1 });
      // Its platform comes with its first hello.
      ports.memberships.agentChanged({ id: agentId, hostname, product, os: "", arch: "", labels });
      ports.bus.publish({ kind: "agent", agentId });
      const { caCertificate } = authority;
      return { agentId, ...issued, caCertificate, assignmentKey: ports.assignmentKey };
    },

    renew: async (identity, csr) => {
      roster.admit(identity);
      const { agentId } = identity;
      // One above the certificate that asks, not above the newest: asked again after a lost answer it is the same one.
      const generation = identity.generation + 1;
      const issued = await authority.certify(csr, { agentId, generation });
      const { numUpdatedRows } = await db
        .updateTable("agents")
        .set({ generation })
        .where("id", "=", agentId)
        .where("generation", "in", [identity.generation, generation])
        .where("revoked_at", "is", null)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) throw new MusterError("AGENT_REVOKED", { agent: agentId });
      roster.set(agentId, { generation });
      return issued;
    },
  };
}

async function recordEnrolment(
  { events, audit }: Pick<EnrolmentPorts, "events" | "audit">,
  trx: Database,
  enrolled: {
    readonly agentId: string;
    readonly tokenId: string;
    readonly hostname: string;
    readonly product: string;
  },
): Promise<void> {
  const { agentId, tokenId, hostname, product } = enrolled;
  await events.append(trx, [agentEvent(agentId, "agent_enrolled", { product, data: { hostname } })]);
  await audit.recordIn(trx, [
    {
      actor: { kind: "agent", name: hostname, id: agentId },
      action: "agent.enrol",
      resource: { kind: "agent", id: agentId },
      details: { product, token: tokenId },
      from: null,
    },
  ]);
}
