import type { ServerDuplexStream } from "@grpc/grpc-js";
import { asMusterError, MusterError } from "@muster/core";
import type { AgentDesk, AgentIdentity, Instruction } from "@muster/fleet";
import {
  decodeAgentMessage,
  encodeGatewayMessage,
  type AgentReport,
  type HelloReport,
} from "@muster/protocol/agent";
import { encodeInstruction } from "./instruction.ts";
import { identityOf, type Peer } from "./peer.ts";
import type { GatewayLimits, GatewayLog } from "./ports.ts";
import { spend, type Budget } from "./rate.ts";
import { grpcFailure } from "./status.ts";
import { STREAM_TRANSITIONS, type StreamState } from "./stream-state.ts";

/** What all streams of a gateway share. */
export interface StreamContext {
  readonly desk: AgentDesk;
  readonly log: GatewayLog;
  readonly limits: GatewayLimits;
  readonly heartbeatIntervalMs: number;
  readonly now: () => number;
  readonly lines: Lines;
}

/** Which stream is an agent's; the newest wins. */
export interface Lines {
  /** Makes the stream the agent's own; returns the one that was. */
  take(agentId: string, stream: AgentStream): AgentStream | null;
  /** Whether the stream was still the agent's own, which it is no longer. */
  release(agentId: string, stream: AgentStream): boolean;
  /** `SERVER_OVERLOADED` if too many greetings are under way. */
  greeting<T>(record: () => Promise<T>): Promise<T>;
  forget(stream: AgentStream): void;
}

/** Missed heartbeats after which an agent counts as gone. */
const MISSED_HEARTBEATS = 3;
/** Instructions that may wait for a slow reader before its stream is ended; it gets them again when it returns. */
const UNSENT_MAX = 32;

type Call = ServerDuplexStream<Buffer, Buffer>;

/** One agent's stream, from its first message to its end. A class, because there are ten thousand of them. */
export class AgentStream {
  readonly peer: Peer;
  /** Settles when the desk knows of the hello, or it failed: what follows for the same agent waits for it. */
  recorded: Promise<void> = Promise.resolve();
  readonly #call: Call;
  readonly #context: StreamContext;
  readonly #identity: AgentIdentity;
  #state: StreamState = { kind: "awaiting_hello" };
  #heardAt: number;
  #endedAt: number | null = null;
  #budget: Budget;
  #early: Instruction[] | null = null;

  /** Begins to read. The peer's identity must have been checked. */
  constructor(call: Call, peer: Peer, identity: AgentIdentity, context: StreamContext) {
    this.#call = call;
    this.#context = context;
    this.#identity = identity;
    this.peer = peer;
    this.#heardAt = context.now();
    this.#budget = { tokens: context.limits.messageBurst, at: this.#heardAt };
    peer.streams += 1;
    call.on("data", (bytes: Buffer) => this.#receive(bytes));
    call.on("end", () => this.end(null));
    call.once("close", () => this.#gone());
  }

  get agentId(): string | null {
    return this.#state.kind === "awaiting_hello" ? null : this.#state.agentId;
  }

  get isOpen(): boolean {
    return this.#state.kind === "open";
  }

  /** Sends an instruction, now or as soon as the agent is welcomed; false if the stream has ended. */
  send(instruction: Instruction): boolean {
    if (this.#state.kind !== "open" && this.#state.kind !== "greeting") return false;
    if (instruction.kind === "disconnect") {
      this.end(new MusterError(instruction.code));
      return true;
    }
    if (this.#state.kind === "greeting") {
      (this.#early ??= []).push(instruction);
      return true;
    }
    return this.#write(encodeInstruction(instruction));
  }

  /** Ends the stream with an error's status, or well; once. */
  end(error: unknown): void {
    if (this.#state.kind === "closed") return;
    const agentId = this.agentId;
    this.#move({ kind: "closed", agentId });
    this.#endedAt = this.#context.now();
    if (agentId !== null) void this.#release(agentId);
    if (error === null) {
      this.#call.end();
      return;
    }
    const { code } = asMusterError(error);
    const fields = { agentId: this.#identity.agentId, code, problem: error };
    if (code === "INTERNAL_UNEXPECTED") this.#context.log.error(fields, "stream failed");
    else this.#context.log.info({ agentId: this.#identity.agentId, code }, "stream ended");
    this.#call.emit("error", grpcFailure(error));
  }

  /** Ends the stream if its time is over: silent, expired, or ended but still there. */
  sweep(now: number): void {
    if (this.#endedAt !== null) {
      if (now - this.#endedAt > this.#context.limits.lingerMs) this.peer.socket.destroy();
      return;
    }
    if (now - this.#heardAt > MISSED_HEARTBEATS * this.#context.heartbeatIntervalMs) {
      this.end(new MusterError("AGENT_SILENT"));
    } else {
      this.#guard(() => identityOf(this.peer, now));
    }
  }

  #receive(bytes: Buffer): void {
    if (this.#state.kind === "closed") return;
    this.#guard(() => {
      const { desk, limits, now } = this.#context;
      const at = now();
      const budget = spend(this.#budget, at, {
        perSecond: limits.messagesPerSecond,
        burst: limits.messageBurst,
      });
      if (budget === null) throw new MusterError("RATE_LIMITED");
      this.#budget = budget;
      this.#heardAt = at;
      desk.admit(identityOf(this.peer, at));
      const report = decodeAgentMessage(bytes);
      if (this.#state.kind === "awaiting_hello") this.#greet(report);
      else if (this.#state.kind === "open" && report !== null) this.#take(this.#state, report);
    });
  }

  #greet(report: AgentReport | null): void {
    if (report?.kind !== "hello") throw new MusterError("AGENT_HELLO_REQUIRED");
    const { hello } = report;
    const { agentId } = this.#identity;
    if (hello.agentId !== agentId) {
      throw new MusterError("AGENT_IDENTITY_MISMATCH", { certificate: agentId, hello: hello.agentId });
    }
    this.#move({ kind: "greeting", agentId });
    const previous = this.#context.lines.take(agentId, this);
    previous?.end(new MusterError("AGENT_REPLACED"));
    const after = previous?.recorded ?? Promise.resolve();
    this.#hold(this.#record(hello, after));
  }

  async #record(hello: HelloReport, after: Promise<void>): Promise<void> {
    const { desk, lines, now } = this.#context;
    const { sentAt, ...said } = hello;
    const clockSkewMs = sentAt - now();
    const recording = after.then(() => lines.greeting(() => desk.connected({ ...said, clockSkewMs })));
    this.recorded = recording.then(
      () => undefined,
      () => undefined,
    );
    const untaken = await recording;
    if (this.#state.kind !== "greeting") return;
    this.#move({ kind: "open", agentId: hello.agentId, product: hello.product });
    const { heartbeatIntervalMs } = this.#context;
    this.#write(encodeGatewayMessage({ kind: "welcome", sentAt: now(), heartbeatIntervalMs }));
    const assigned = new Set(untaken.map((instruction) => keyOf(instruction)));
    const early = (this.#early ?? []).filter((instruction) => !assigned.has(keyOf(instruction)));
    this.#early = null;
    for (const instruction of [...untaken, ...early]) this.send(instruction);
  }

  #take(state: Extract<StreamState, { kind: "open" }>, report: AgentReport): void {
    const { desk, now } = this.#context;
    switch (report.kind) {
      case "hello":
        throw new MusterError("AGENT_MESSAGE_INVALID", {
          field: "hello",
          problem: "must be the first message only",
        });
      case "heartbeat": {
        const { sentAt, policy = null, ...telemetry } = report.heartbeat;
        const clockSkewMs = sentAt - now();
        desk.heartbeat(state.agentId, { clockSkewMs, policy, telemetry: telemetryOf(telemetry) });
        return;
      }
      case "progress":
        this.#unlessUnknown(() => desk.progress(state.agentId, report.progress));
        return;
      case "outcome":
        this.#hold(this.#settle(state.agentId, report.outcome));
        return;
      case "command_result":
        desk.commandAnswered(state.agentId, report.result);
    }
  }

  /** An outcome nobody waits for any more is acknowledged too, or the agent would send it for ever. */
  async #settle(
    agentId: string,
    outcome: Extract<AgentReport, { kind: "outcome" }>["outcome"],
  ): Promise<void> {
    try {
      await this.#context.desk.outcome(agentId, outcome);
    } catch (error) {
      if (asMusterError(error).code !== "TARGET_UNKNOWN") throw error;
      this.#context.log.info({ agentId, targetId: outcome.targetId }, "outcome of an unknown target");
    }
    if (this.isOpen) {
      this.#write(encodeGatewayMessage({ kind: "outcome_acknowledged", targetId: outcome.targetId }));
    }
  }

  #unlessUnknown(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (asMusterError(error).code !== "TARGET_UNKNOWN") throw error;
    }
  }

  /** Reads nothing more until the work is done, so that an agent cannot queue up work faster than it is done. */
  #hold(work: Promise<void>): void {
    this.#call.pause();
    work.then(
      () => this.#call.resume(),
      (error: unknown) => this.end(error),
    );
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.end(error);
    }
  }

  #write(message: Buffer): boolean {
    if (this.#state.kind !== "open") return false;
    if (this.#call.writableLength >= UNSENT_MAX) {
      this.end(new MusterError("SERVER_OVERLOADED", { problem: "the agent does not read" }));
      return false;
    }
    this.#call.write(message);
    return true;
  }

  #move(next: StreamState): void {
    const allowed: readonly StreamState["kind"][] = STREAM_TRANSITIONS[this.#state.kind];
    if (!allowed.includes(next.kind)) {
      throw new MusterError("INTERNAL_UNEXPECTED", { from: this.#state.kind, to: next.kind });
    }
    this.#state = next;
  }

  #gone(): void {
    this.end(null);
    this.peer.streams -= 1;
    this.peer.idleSince = this.#context.now();
    this.#context.lines.forget(this);
  }

  /** The desk hears of the end after it has heard of the beginning, and not at all if a newer stream took over. */
  async #release(agentId: string): Promise<void> {
    await this.recorded;
    if (this.#context.lines.release(agentId, this)) this.#context.desk.disconnected(agentId);
  }
}

/** What tells one instruction from the next. */
function keyOf(instruction: Instruction): string {
  switch (instruction.kind) {
    case "disconnect":
      return instruction.code;
    case "command":
      return instruction.commandId;
    case "assign":
    case "cancel":
      return `${instruction.kind} ${instruction.targetId}`;
  }
}

function telemetryOf(from: {
  readonly cpu: number;
  readonly memoryUsed: number;
  readonly memoryTotal: number;
  readonly diskFree: number;
  readonly diskTotal: number;
  readonly uptime: number;
}) {
  return {
    cpu: from.cpu,
    memoryUsedBytes: from.memoryUsed,
    memoryTotalBytes: from.memoryTotal,
    diskFreeBytes: from.diskFree,
    diskTotalBytes: from.diskTotal,
    uptimeSeconds: from.uptime,
  };
}
