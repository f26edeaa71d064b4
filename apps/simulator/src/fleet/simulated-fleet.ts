import { asMusterError, type MusterError, type Outcome, type Platform, type Version } from "@muster/core";
import type { GatewayOrder } from "@muster/protocol/agent";
import type { TrustAnchor } from "@muster/trust";
import type { Nature } from "../agent/nature.ts";
import type { AgentClock, AgentContext, AgentWatcher, AgentWire } from "../agent/ports.ts";
import type { Profile } from "../agent/profile.ts";
import { SimulatedAgent } from "../agent/simulated-agent.ts";
import { seededChance } from "../chance/seeded.ts";
import type { Applicant } from "../wire/enrol.ts";
import type { Identity } from "../wire/identity.ts";
import { eachBounded } from "./bounded.ts";
import { newTally, takeCensus, type Census } from "./census.ts";

/** Everything that is the same for all agents but their profile. */
export interface FleetPlan {
  readonly product: string;
  readonly platform: Platform;
  readonly labels: Readonly<Record<string, string>>;
  readonly version: Version;
  readonly anchor: TrustAnchor;
  readonly seed: number;
  readonly nature: Omit<Nature, "profile">;
  /** One for each agent. */
  readonly profiles: readonly Profile[];
  /** Number of the first agent; it stands in the hostname. */
  readonly firstNumber: number;
}

export interface FleetPorts {
  readonly wire: AgentWire;
  readonly enrol: (applicant: Applicant) => Promise<Identity>;
  readonly clock: AgentClock;
}

/** What can be followed of a fleet. */
export interface FleetListener {
  ordered?(agentId: string, order: GatewayOrder): void;
  ended?(agentId: string, outcome: Outcome): void;
}

/** Enrolments and greetings at once: below what a gateway takes. */
const AT_ONCE = 32;
const ENROL_TRIES = 12;
const ENROL_RETRY_MS = 250;

/** Many simulated agents in this process. */
export class SimulatedFleet {
  readonly agents: SimulatedAgent[] = [];
  readonly #plan: FleetPlan;
  readonly #ports: FleetPorts;
  readonly #context: AgentContext;
  readonly #tally = newTally();
  readonly #listeners = new Set<FleetListener>();

  constructor(plan: FleetPlan, ports: FleetPorts) {
    const { product, platform, labels, anchor } = plan;
    this.#plan = plan;
    this.#ports = ports;
    const watcher: AgentWatcher = {
      ordered: (agentId, order) => {
        for (const listener of this.#listeners) listener.ordered?.(agentId, order);
      },
      troubled: (_, { code }) => this.#count(code),
      ended: (agentId, outcome) => {
        this.#tally.ended[outcome.result] += 1;
        for (const listener of this.#listeners) listener.ended?.(agentId, outcome);
      },
    };
    const { wire, clock } = ports;
    const chance = seededChance(plan.seed);
    this.#context = { wire, clock, chance, watcher, anchor, product, platform, labels };
  }

  /** Follows what happens; returns how to stop that. */
  listen(listener: FleetListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Enrols every agent, none connected yet. Throws the gateway's code when trying again does not help. */
  async enrol(): Promise<void> {
    const { product, labels, profiles, version, firstNumber, nature } = this.#plan;
    await eachBounded(profiles, AT_ONCE, async (profile, index) => {
      const hostname = `sim-${String(firstNumber + index).padStart(5, "0")}`;
      const identity = await this.#enrolOne({ product, hostname, labels });
      const made = { hostname, version };
      this.agents.push(new SimulatedAgent(identity, made, { ...nature, profile }, this.#context));
    });
  }

  /** Connects agents, all unless told; resolves when they are welcomed. Those who are to be offline then go. */
  async connect(agents: readonly SimulatedAgent[] = this.agents): Promise<void> {
    const waiting = new Map<string, () => void>();
    const ordered = (agentId: string, { kind }: GatewayOrder) => {
      if (kind === "welcome") waiting.get(agentId)?.();
    };
    const deafen = this.listen({ ordered });
    await eachBounded(agents, AT_ONCE, (agent) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(agent.id, resolve);
      agent.start();
      return promise;
    });
    deafen();
    for (const agent of agents) agent.obeyAbsence();
  }

  /** How the agents behave from now on; one profile for each. */
  become(profiles: readonly Profile[], nature: Omit<Nature, "profile">): void {
    for (const [index, agent] of this.agents.entries()) {
      const profile = profiles[index] ?? { kind: "healthy" };
      agent.become({ ...nature, profile });
    }
  }

  census(): Census {
    const states = this.agents.map(({ state }) => state);
    return takeCensus(states, this.#plan.profiles.length, this.#tally);
  }

  stop(): void {
    for (const agent of this.agents) agent.stop();
  }

  async #enrolOne(applicant: Applicant): Promise<Identity> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#ports.enrol(applicant);
      } catch (error) {
        const problem = asMusterError(error);
        if (!problem.retryable || tries >= ENROL_TRIES) throw problem;
        this.#count(problem.code);
        const waitMs = ENROL_RETRY_MS * tries * (0.5 + this.#context.chance());
        await new Promise<void>((resolve) => void this.#ports.clock.after(waitMs, resolve));
      }
    }
  }

  #count(code: MusterError["code"]): void {
    const { troubles } = this.#tally;
    troubles[code] = (troubles[code] ?? 0) + 1;
  }
}
