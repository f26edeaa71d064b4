import { type Assignment, OPEN_POLICY, type Outcome } from "@muster/core";
import { verifyAssignment } from "@muster/trust";
import type { AgentDesk, AgentHello, Instruction } from "../gateway/ports.ts";
import type { Clock } from "../ports.ts";

/** How an update ends on a host; `silent`: it stops in the middle and stays connected. */
export type Ending = "healthy" | "failed" | "rolled_back" | "silent";

export interface FakeAgentPorts {
  readonly clock: Clock;
  /** The control plane as it stands; another after a restart. */
  readonly desk: () => AgentDesk;
  /** Whether its stream can stand: false while the server is down. */
  readonly isServerUp: () => boolean;
  readonly assignmentKey: Uint8Array;
  readonly ending: (agentId: string, assignment: Assignment) => Ending;
  readonly stepMs: number;
  /** Tells the world that something is under way until the promise ends. */
  readonly track: (work: Promise<unknown>) => void;
}

/** A host with its agent: takes assignments by the rules of the wire, reports, keeps its outcome until it is taken. */
export interface FakeAgent {
  readonly id: string;
  readonly version: string;
  readonly isConnected: boolean;
  /** Assignments it took, by target. */
  readonly taken: ReadonlyMap<string, Assignment>;
  /** Targets the control plane told it to stop. */
  readonly canceled: readonly string[];
  connect(): void;
  disconnect(): void;
  /** The server went away: no goodbye. */
  cut(): void;
  /** Its stream stands though nobody said so: a gateway that sends a moment after it has answered the hello. */
  mend(): void;
  receive(instruction: Instruction): void;
}

interface Update {
  readonly assignment: Assignment;
  readonly ending: Ending;
}

export function createFakeAgent(id: string, version: string, ports: FakeAgentPorts): FakeAgent {
  return new Host(id, version, ports);
}

const RETRY_AFTER_MS = 1000;
const STAGES = ["downloading", "verifying", "staging"] as const;

class Host implements FakeAgent {
  readonly id: string;
  readonly taken = new Map<string, Assignment>();
  readonly canceled: string[] = [];
  version: string;
  isConnected = false;
  readonly #ports: FakeAgentPorts;
  #lastSequence = 0;
  #boots = 0;
  #update: Update | null = null;
  #outcome: Outcome | null = null;

  constructor(id: string, version: string, ports: FakeAgentPorts) {
    this.id = id;
    this.version = version;
    this.#ports = ports;
  }

  connect(): void {
    if (this.isConnected || !this.#ports.isServerUp()) return;
    this.isConnected = true;
    this.#boots += 1;
    this.#ports.track(this.#greet());
  }

  disconnect(): void {
    if (!this.isConnected) return;
    this.isConnected = false;
    this.#ports.desk().disconnected(this.id);
  }

  cut(): void {
    this.isConnected = false;
  }

  mend(): void {
    this.isConnected = true;
  }

  receive(instruction: Instruction): void {
    if (instruction.kind === "cancel") this.canceled.push(instruction.targetId);
    if (instruction.kind === "disconnect") this.disconnect();
    if (instruction.kind === "assign") this.#take(instruction);
  }

  async #greet(): Promise<void> {
    const boot = this.#boots;
    const instructions = await this.#asked(this.#ports.desk().connected(this.#hello()), () => {
      this.cut();
      this.connect();
    });
    if (boot !== this.#boots || !this.isConnected) return;
    for (const instruction of instructions) this.receive(instruction);
    await this.#report();
  }

  #hello(): AgentHello {
    return {
      agentId: this.id,
      hostname: this.id,
      product: "app",
      version: this.version,
      os: "linux",
      arch: "amd64",
      labels: {},
      capabilities: ["update"],
      policy: OPEN_POLICY,
      bootId: `boot-${this.#boots}`,
      clockSkewMs: 0,
      lastSequence: this.#lastSequence,
      targetId: this.#update?.assignment.targetId ?? null,
    };
  }

  #take({
    assignment: bytes,
    assignmentSignature: signature,
  }: Extract<Instruction, { kind: "assign" }>): void {
    const assignment = verifyAssignment({ assignment: bytes, signature }, this.#ports.assignmentKey);
    const isMine = assignment.agentId === this.id && this.#ports.clock.now() < assignment.notAfter;
    // A sequence counts once: what comes again is a replay.
    if (!isMine || assignment.sequence <= this.#lastSequence) return;
    if (this.taken.has(assignment.targetId)) throw new Error(`${this.id} was assigned a target twice`);
    this.#lastSequence = assignment.sequence;
    this.taken.set(assignment.targetId, assignment);
    this.#update = { assignment, ending: this.#ports.ending(this.id, assignment) };
    this.#step(0);
  }

  /** One stage after the other, then the restart, then the outcome. */
  #step(index: number): void {
    const { clock, stepMs } = this.#ports;
    const update = this.#update;
    if (!update) return;
    clock.wakeAt(clock.now() + stepMs, () => {
      if (this.#update !== update) return;
      const stage = STAGES[index];
      if (stage === undefined) return this.#end(update);
      this.#progress(update, stage);
      if (update.ending !== "silent" || stage !== "staging") this.#step(index + 1);
    });
  }

  #progress(
    { assignment: { targetId } }: Update,
    stage: "downloading" | "verifying" | "staging" | "restarting",
  ): void {
    if (this.isConnected) {
      this.#ports.desk().progress(this.id, { targetId, stage, receivedBytes: 10, totalBytes: 10 });
    }
  }

  #end({ assignment, ending }: Update): void {
    if (ending !== "failed") this.#progress({ assignment, ending }, "restarting");
    const fromVersion = this.version;
    if (ending === "healthy") this.version = assignment.version;
    this.#outcome = {
      schema: 1,
      targetId: assignment.targetId,
      product: assignment.product,
      result: ending === "silent" ? "failed" : ending,
      survivingVersion: this.version,
      fromVersion,
      toVersion: assignment.version,
      code: ending === "healthy" ? null : ending === "failed" ? "PREFLIGHT_FAILED" : "PROBATION_CRASHED",
      message: ending,
      outputTail: ending === "healthy" ? "" : "it said no",
      endedAt: this.#ports.clock.now(),
      downtimeMs: ending === "failed" ? null : 400,
    };
    this.#update = null;
    if (!this.isConnected) return;
    if (ending === "failed") this.#ports.track(this.#report());
    else this.#restart();
  }

  #restart(): void {
    const { clock, stepMs } = this.#ports;
    this.disconnect();
    clock.wakeAt(clock.now() + stepMs, () => this.connect());
  }

  /** What fails on the server's side is asked again a little later. */
  async #asked<Answer>(answer: Promise<Answer>, again: () => void): Promise<Answer> {
    const { clock } = this.#ports;
    try {
      return await answer;
    } catch (error) {
      clock.wakeAt(clock.now() + RETRY_AFTER_MS, again);
      throw error;
    }
  }

  async #report(): Promise<void> {
    const outcome = this.#outcome;
    if (!outcome || !this.isConnected) return;
    await this.#asked(this.#ports.desk().outcome(this.id, outcome), () => this.#ports.track(this.#report()));
    if (this.#outcome === outcome) this.#outcome = null;
  }
}
