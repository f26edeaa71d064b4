import { asMusterError, type MusterError } from "@muster/core";
import type { AssignOrder, GatewayOrder } from "@muster/protocol/agent";
import { checkAssignment } from "../wire/check-assignment.ts";
import type { Identity } from "../wire/identity.ts";
import type { Stream } from "../wire/stream.ts";
import { newAgent, type AgentState } from "./agent-state.ts";
import type { AgentEffect, AgentEvent } from "./event.ts";
import type { Nature } from "./nature.ts";
import type { AgentContext, AgentSelf, AgentWire } from "./ports.ts";
import { heartbeatReport, helloReport } from "./reports.ts";
import { step } from "./step.ts";

const nothing = () => undefined;
const RENEWAL_MIN_MS = 60_000;
/** The longest that Node's timers can wait. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** One agent that speaks the real protocol and only pretends to install. A class, because there are ten thousand. */
export class SimulatedAgent {
  readonly #context: AgentContext;
  readonly #hostname: string;
  #identity: Identity;
  #nature: Nature;
  #state: AgentState;
  #stream: Stream | null = null;
  #download: AbortController | null = null;
  #callOffConnect: () => void = nothing;
  #callOffWork: () => void = nothing;
  #callOffHeartbeat: () => void = nothing;
  #callOffRenewal: () => void = nothing;
  #isOver = false;

  constructor(identity: Identity, self: AgentSelf, nature: Nature, context: AgentContext) {
    this.#identity = identity;
    this.#hostname = self.hostname;
    this.#nature = nature;
    this.#state = newAgent(self.version);
    this.#context = context;
  }

  get id(): string {
    return this.#identity.agentId;
  }

  get state(): AgentState {
    return this.#state;
  }

  /** How it behaves from its next step on. */
  become(nature: Nature): void {
    this.#nature = nature;
  }

  /** Connects, and stays connected. */
  start(): void {
    this.#planRenewal();
    this.take({ kind: "start" });
  }

  /** Goes away for a while, if that is its profile. */
  obeyAbsence(): void {
    const { profile } = this.#nature;
    if (profile.kind === "offline") this.take({ kind: "reconnect", delayMs: profile.forMs });
  }

  /** Ends everything; it is of no use afterwards. */
  stop(): void {
    this.#isOver = true;
    this.#callOffConnect();
    this.#callOffRenewal();
    this.#dropWork();
    this.#hangUp();
  }

  take(event: AgentEvent): void {
    const before = this.#state.outcomes.length;
    const { state, effects } = step(this.#state, event, this.#nature, this.#context.clock.now());
    this.#state = state;
    const newest = state.outcomes.at(-1);
    if (newest && state.outcomes.length > before) this.#context.watcher.ended(this.id, newest);
    for (const effect of effects) this.#run(effect);
    if (state.link.kind === "gone") this.stop();
  }

  #run(effect: AgentEffect): void {
    const { clock } = this.#context;
    switch (effect.kind) {
      case "connect":
        this.#callOffConnect();
        this.#callOffConnect = clock.after(this.#spread(effect.afterMs), () => this.#connect());
        return;
      case "disconnect":
        this.#hangUp();
        return;
      case "send":
        this.#stream?.send(effect.report);
        return;
      case "wait":
        this.#callOffWork();
        this.#callOffWork = clock.after(effect.ms, () => this.take({ kind: "due" }));
        return;
      case "download":
        this.#callOffWork();
        this.#callOffWork = clock.after(this.#spread(effect.afterMs), () => void this.#fetch(effect));
        return;
      case "drop_work":
        this.#dropWork();
    }
  }

  #connect(): void {
    this.#hangUp();
    const { wire } = this.#context;
    // Compared by identity: an older stream's end is no news.
    const mine: { stream: Stream | null } = { stream: null };
    const isCurrent = () => mine.stream !== null && this.#stream === mine.stream;
    mine.stream = wire.open(this.#identity, {
      received: (order) => {
        if (isCurrent()) this.#receive(order);
      },
      ended: (problem) => {
        if (isCurrent()) this.#cut(problem);
      },
    });
    this.#stream = mine.stream;
    const { id: agentId } = this;
    mine.stream.send(helloReport(this.#state, { agentId, hostname: this.#hostname }, this.#context));
  }

  #cut(problem: MusterError | null): void {
    this.#hangUp();
    if (problem) this.#context.watcher.troubled(this.id, problem);
    this.take({ kind: "cut" });
  }

  #hangUp(): void {
    this.#callOffHeartbeat();
    const stream = this.#stream;
    this.#stream = null;
    stream?.end();
  }

  #receive(order: GatewayOrder): void {
    this.#context.watcher.ordered(this.id, order);
    switch (order.kind) {
      case "welcome":
        this.#beat(order.heartbeatIntervalMs);
        this.take({ kind: "welcomed" });
        return;
      case "assign":
        this.#consider(order);
        return;
      case "cancel":
        this.take({ kind: "cancel", targetId: order.targetId });
        return;
      case "outcome_acknowledged":
        this.take({ kind: "acknowledged", targetId: order.targetId });
        return;
      case "reconnect":
        this.take({ kind: "reconnect", delayMs: order.delayMs });
        return;
      case "command":
        this.#stream?.send({
          kind: "command_result",
          result: { commandId: order.commandId, ok: false, output: "a simulated agent follows no commands" },
        });
        return;
      case "configuration_changed":
    }
  }

  #consider(order: AssignOrder): void {
    const { hesitateMs } = this.#nature;
    if (hesitateMs === 0) this.#check(order);
    else this.#callOffWork = this.#context.clock.after(this.#spread(hesitateMs), () => this.#check(order));
  }

  #check(order: AssignOrder): void {
    const { version } = this.#state;
    const { agentId, assignmentKey } = this.#identity;
    const now = this.#context.clock.now();
    const checked = checkAssignment(order, { ...this.#context, agentId, assignmentKey, version, now });
    if (checked.kind === "ignored") this.#context.watcher.troubled(agentId, checked.problem);
    else this.take(checked);
  }

  async #fetch({ job, pauseMs }: Extract<AgentEffect, { readonly kind: "download" }>): Promise<void> {
    const download = new AbortController();
    this.#download = download;
    const { signal } = download;
    try {
      await this.#context.wire.download(this.#identity, job, { pauseMs, signal });
    } catch (error) {
      if (signal.aborted) return;
      this.take({ kind: "download_failed", problem: asMusterError(error) });
      return;
    }
    if (!signal.aborted) this.take({ kind: "downloaded" });
  }

  #dropWork(): void {
    this.#callOffWork();
    this.#download?.abort();
    this.#download = null;
  }

  #beat(intervalMs: number): void {
    const { clock, chance } = this.#context;
    this.#callOffHeartbeat();
    this.#callOffHeartbeat = clock.after(intervalMs * (0.9 + chance() * 0.2), () => {
      this.#stream?.send(heartbeatReport(this.#context));
      this.#beat(intervalMs);
    });
  }

  /** Half-way to its end the certificate is exchanged for the next one, as long as that takes. */
  #planRenewal(): void {
    const { clock, wire } = this.#context;
    if (this.#isOver) return;
    const inMs = this.#spread(Math.max(RENEWAL_MIN_MS, (this.#identity.expiresAt - clock.now()) / 2));
    this.#callOffRenewal = clock.after(Math.min(inMs, TIMER_MAX_MS), () => void this.#renew(wire));
  }

  async #renew(wire: AgentWire): Promise<void> {
    try {
      const next = await wire.renew(this.#identity);
      if (this.#isOver) return;
      this.#identity = next;
      this.take({ kind: "reconnect", delayMs: 0 });
    } catch (error) {
      this.#context.watcher.troubled(this.id, asMusterError(error));
    }
    this.#planRenewal();
  }

  /** So that a fleet does not do everything in the same moment. */
  #spread(ms: number): number {
    return ms * (0.75 + this.#context.chance() * 0.5);
  }
}
