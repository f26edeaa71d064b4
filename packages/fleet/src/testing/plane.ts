import { generateSigningKey } from "@muster/trust";
import { createAuthority, createKeyAndRequest } from "@muster/trust/x509";
import { createLocalBus } from "../adapters/local-bus.ts";
import { createSystemRandom } from "../adapters/system-random.ts";
import { createAgentAuthority } from "../agents/authority.ts";
import { createAudit } from "../audit/audit.ts";
import { type ControlPlane, openControlPlane } from "../control-plane.ts";
import { createEventJournal } from "../events/event-journal.ts";
import type { AgentHello, AgentIdentity, Instruction } from "../gateway/ports.ts";
import type { FleetChange } from "../ports.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { openWatchedDatabase, untilQuiet, type WatchedDatabase } from "./watched-database.ts";

/** A control plane in memory, with a real authority and nobody connected. */
export interface TestPlane {
  readonly plane: ControlPlane;
  readonly watched: WatchedDatabase;
  readonly clock: FakeClock;
  readonly changes: readonly FleetChange[];
  /** What was sent down, by agent. */
  readonly sent: ReadonlyMap<string, Instruction[]>;
  readonly errors: readonly unknown[];
  /** Goes on for so long, with all that follows. */
  run(forMs: number): Promise<void>;
  /** Enrols a host with a new token; the request can be changed. */
  enrol(request?: Partial<EnrolledHost>): Promise<AgentIdentity>;
  close(): Promise<void>;
}

export interface EnrolledHost {
  readonly hostname: string;
  readonly product: string;
  readonly labels: Readonly<Record<string, string>>;
}

export async function createTestPlane(): Promise<TestPlane> {
  const watched = await openWatchedDatabase(":memory:");
  const clock = createFakeClock();
  const changes: FleetChange[] = [];
  const errors: unknown[] = [];
  const sent = new Map<string, Instruction[]>();
  const bus = createLocalBus((error) => errors.push(error));
  bus.subscribe((change) => changes.push(change));
  const ca = await createAuthority({ name: "test", now: clock.now() });
  const random = createSystemRandom();
  const plane = await openControlPlane({
    db: watched.db,
    clock,
    random,
    bus,
    events: createEventJournal({ clock, random }),
    audit: createAudit({ db: watched.db, clock }),
    authority: createAgentAuthority(ca, { clock }),
    signingKey: generateSigningKey(),
    onError: (error) => errors.push(error),
  });
  plane.start({
    isConnected: () => false,
    send: (agentId, instruction) => {
      sent.set(agentId, [...(sent.get(agentId) ?? []), instruction]);
      return true;
    },
  });
  const settle = () => untilQuiet(() => watched.activity());
  return {
    plane,
    watched,
    clock,
    changes,
    sent,
    errors,
    run: async (forMs) => {
      const end = clock.now() + forMs;
      await settle();
      for (let next = clock.next(); next !== null && next <= end; next = clock.next()) {
        clock.goTo(next);
        await settle();
      }
      clock.goTo(end);
    },
    enrol: async (request) => {
      const { token } = await plane.tokens.create({}, { name: "tester", role: "operator" });
      const { agentId, expiresAt } = await plane.desk.enrol({
        token,
        csr: createKeyAndRequest().csr,
        product: "app",
        hostname: "host",
        labels: {},
        ...request,
      });
      return { agentId, generation: 1, expiresAt };
    },
    close: () => watched.db.destroy(),
  };
}

/** The hello of an agent on Linux that runs 1.0.0, changed as given. */
export function aHello(agentId: string, change: Partial<AgentHello> = {}): AgentHello {
  return {
    agentId,
    hostname: agentId,
    product: "app",
    version: "1.0.0",
    os: "linux",
    arch: "amd64",
    labels: {},
    capabilities: ["update"],
    policy: { updates: true, maintenance: false },
    bootId: "boot-1",
    clockSkewMs: 3,
    lastSequence: 0,
    targetId: null,
    ...change,
  };
}
