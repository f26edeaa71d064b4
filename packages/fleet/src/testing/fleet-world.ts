import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Assignment } from "@muster/core";
import type { RolloutRequest, RolloutView, TargetView } from "@muster/protocol/http";
import { generateSigningKey, rawPublicKey } from "@muster/trust";
import { createLocalBus } from "../adapters/local-bus.ts";
import type { AgentAuthority } from "../agents/authority.ts";
import { createAudit } from "../audit/audit.ts";
import { versionKey } from "../agents/version-key.ts";
import { type ControlPlane, openControlPlane } from "../control-plane.ts";
import { createEventJournal } from "../events/event-journal.ts";
import type { AgentLine } from "../gateway/ports.ts";
import type { Clock, FleetChange, Random } from "../ports.ts";
import { insertAll } from "../store/bulk.ts";
import type { Database } from "../store/database.ts";
import { createFakeAgent, type Ending, type FakeAgent } from "./fake-agent.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { anAgent, anArtifact, aRelease } from "./rows.ts";
import { KilledError, openWatchedDatabase, untilQuiet, type WatchedDatabase } from "./watched-database.ts";

export interface WorldOptions {
  readonly agents: number;
  readonly version?: string;
  /** Releases that are ready. */
  readonly releases?: readonly string[];
  readonly ending?: (agentId: string, assignment: Assignment) => Ending;
  readonly stepMs?: number;
}

/** A control plane over a real database file, with hosts around it and a clock that only goes when it is told. */
export interface FleetWorld {
  readonly clock: FakeClock;
  readonly agents: readonly FakeAgent[];
  plane(): ControlPlane;
  db(): Database;
  watched(): WatchedDatabase;
  /** What was told on the bus. */
  readonly changes: readonly FleetChange[];
  agent(id: string): FakeAgent;
  create(request: Partial<RolloutRequest>): Promise<RolloutView>;
  read(): Promise<RolloutView>;
  targets(): Promise<TargetView[]>;
  /** Lets everything that follows from now happen, without the clock. */
  settle(): Promise<void>;
  /** Goes on for so long, or until the condition holds; whether it does. */
  run(forMs: number, until?: () => boolean | Promise<boolean>): Promise<boolean>;
  /** How often the server was started. */
  starts(): number;
  /** Ends the server's process and starts it again on the same file; agents come back by themselves. */
  restart(how?: "kill" | "stop", downMs?: number): Promise<void>;
  close(): Promise<void>;
}

const AUTHORITY: AgentAuthority = {
  caCertificate: new Uint8Array(),
  caPin: "pin",
  certify: () => Promise.reject(new Error("nobody enrols here")),
};
const RECONNECT_AFTER_MS = 1000;

export async function createFleetWorld(options: WorldOptions): Promise<FleetWorld> {
  const folder = mkdtempSync(join(tmpdir(), "muster-world-"));
  const path = join(folder, "muster.db");
  const world = new World(path, options, () => rmSync(folder, { recursive: true, force: true }));
  await world.begin();
  return world;
}

class World implements FleetWorld {
  readonly clock = createFakeClock();
  readonly agents: FakeAgent[];
  readonly changes: FleetChange[] = [];
  readonly #byId: Map<string, FakeAgent>;
  readonly #path: string;
  readonly #options: WorldOptions;
  readonly #cleanUp: () => void;
  readonly #signingKey = generateSigningKey();
  readonly #work = new Set<Promise<unknown>>();
  #life: { readonly watched: WatchedDatabase; readonly plane: ControlPlane } | null = null;
  #isUp = false;
  #starts = 0;
  #rolloutId = "";

  constructor(path: string, options: WorldOptions, cleanUp: () => void) {
    this.#path = path;
    this.#options = options;
    this.#cleanUp = cleanUp;
    const { version = "1.0.0", stepMs = 100 } = options;
    const assignmentKey = rawPublicKey(this.#signingKey);
    const ports = {
      clock: this.clock,
      desk: () => this.plane().desk,
      isServerUp: () => this.#isUp,
      assignmentKey,
      ending: options.ending ?? (() => "healthy" as const),
      stepMs,
      track: (work: Promise<unknown>) => this.#track(work),
    };
    this.agents = Array.from({ length: options.agents }, (_, index) =>
      createFakeAgent(`agent-${String(index).padStart(5, "0")}`, version, ports),
    );
    this.#byId = new Map(this.agents.map((agent) => [agent.id, agent]));
  }

  async begin(): Promise<void> {
    const { releases = ["1.0.0", "2.0.0"] } = this.#options;
    const watched = await openWatchedDatabase(this.#path);
    await insertAll(
      watched.db,
      "releases",
      releases.map((version) => aRelease(version)),
    );
    await insertAll(
      watched.db,
      "artifacts",
      releases.map((version) => anArtifact(version)),
    );
    await insertAll(
      watched.db,
      "agents",
      this.agents.map(({ id, version }) => anAgent(id, { version, version_key: versionKey(version) })),
    );
    await watched.db.destroy();
    await this.#start();
    for (const agent of this.agents) agent.connect();
    await this.settle();
  }

  plane(): ControlPlane {
    if (!this.#life) throw new Error("the server is down");
    return this.#life.plane;
  }

  watched(): WatchedDatabase {
    if (!this.#life) throw new Error("the server is down");
    return this.#life.watched;
  }

  db(): Database {
    return this.watched().db;
  }

  agent(id: string): FakeAgent {
    const agent = this.#byId.get(id);
    if (!agent) throw new Error(`no agent ${id}`);
    return agent;
  }

  async create(request: Partial<RolloutRequest>): Promise<RolloutView> {
    const view = await this.plane().rollouts.create(
      {
        product: "app",
        version: "2.0.0",
        cohort: { kind: "all" },
        strategy: { kind: "immediate" },
        ...request,
      },
      { name: "tester", role: "operator" },
    );
    this.#rolloutId = view.id;
    return view;
  }

  read(): Promise<RolloutView> {
    return this.plane().rollouts.read(this.#rolloutId);
  }

  async targets(): Promise<TargetView[]> {
    const { items } = await this.plane().rollouts.targets(this.#rolloutId, { limit: 500 });
    return items;
  }

  async settle(): Promise<void> {
    const activity = () => this.watched().activity() + this.#work.size;
    await untilQuiet(activity);
    if (this.watched().isKilled()) await this.restart();
  }

  async run(forMs: number, until: () => boolean | Promise<boolean> = () => false): Promise<boolean> {
    const end = this.clock.now() + forMs;
    await this.settle();
    for (let asked = -1; ; ) {
      // Nothing that can be asked for changes without being told.
      if (asked !== this.changes.length && (await until())) return true;
      asked = this.changes.length;
      const next = this.clock.next();
      if (next === null || next > end) {
        this.clock.goTo(end);
        await this.settle();
        return until();
      }
      this.clock.goTo(next);
      await this.settle();
    }
  }

  async restart(how: "kill" | "stop" = "kill", downMs = 0): Promise<void> {
    const life = this.#life;
    if (!life) return;
    this.#isUp = false;
    if (how === "stop") {
      for (const agent of this.agents) agent.disconnect();
      await life.plane.stop();
    }
    for (const agent of this.agents) agent.cut();
    this.#life = null;
    await life.watched.release();
    this.#pass(downMs);
    await this.#start();
    for (const agent of this.agents) {
      this.clock.wakeAt(this.clock.now() + RECONNECT_AFTER_MS, () => agent.connect());
    }
    await this.settle();
  }

  /** Time goes on for the hosts alone. */
  #pass(forMs: number): void {
    const end = this.clock.now() + forMs;
    for (let next = this.clock.next(); next !== null && next <= end; next = this.clock.next()) {
      this.clock.goTo(next);
    }
    this.clock.goTo(end);
  }

  starts(): number {
    return this.#starts;
  }

  async close(): Promise<void> {
    await this.#life?.watched.release();
    this.#life = null;
    this.#cleanUp();
  }

  async #start(): Promise<void> {
    this.#starts += 1;
    const watched = await openWatchedDatabase(this.#path);
    const bus = createLocalBus(rethrow);
    const isAlive = () => this.#life?.watched === watched;
    bus.subscribe((change) => this.changes.push(change));
    const clock = mortalClock(this.clock, isAlive);
    const random = countingRandom(this.#starts);
    const plane = await openControlPlane({
      db: watched.db,
      clock,
      random,
      bus,
      events: createEventJournal({ clock, random }),
      audit: createAudit({ db: watched.db, clock }),
      authority: AUTHORITY,
      signingKey: this.#signingKey,
      onError: (error) => {
        if (isAlive() && !(error instanceof KilledError)) rethrow(error);
      },
    });
    this.#life = { watched, plane };
    this.#isUp = true;
    plane.start(this.#line());
  }

  #line(): AgentLine {
    return {
      isConnected: (agentId) => this.agent(agentId).isConnected,
      send: (agentId, instruction) => {
        const agent = this.agent(agentId);
        if (!agent.isConnected) return false;
        agent.receive(instruction);
        return true;
      },
    };
  }

  #track(work: Promise<unknown>): void {
    this.#work.add(work);
    work
      .catch((error: unknown) => {
        if (!(error instanceof KilledError)) throw error;
      })
      .finally(() => this.#work.delete(work))
      .catch(rethrow);
  }
}

/** The same ids in every run, so that a history can be played again; others after a restart. */
function countingRandom(start: number): Random {
  let count = 0;
  return {
    bytes: (length) => {
      count += 1;
      return Uint8Array.from({ length }, (_, index) => (index === 0 ? start : index * count) % 256);
    },
  };
}

/** A wake-up of a process that has ended does not come. */
function mortalClock(clock: Clock, isAlive: () => boolean): Clock {
  return {
    now: () => clock.now(),
    wakeAt: (at, callback) => clock.wakeAt(at, () => (isAlive() ? callback() : undefined)),
  };
}

/** Out of any promise, so that the test run fails. */
function rethrow(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
