import type { MusterError } from "@muster/core";
import type { AgentReport, GatewayOrder, HelloReport } from "@muster/protocol/agent";
import type { AgentClock, AgentLog, Random } from "../ports.ts";
import { nextConnection, type ConnectionEvent, type ConnectionState } from "./connection-state.ts";
import type { CallEvents, Dial, GatewayCall, TlsIdentity } from "./gateway-client.ts";

/** How long the gateway may take to welcome, in milliseconds. */
const GREETING_TIMEOUT_MS = 30_000;

export interface ConnectionOptions {
  readonly dial: Dial;
  readonly clock: AgentClock;
  readonly random: Random;
  readonly log: AgentLog;
  readonly address: string;
  /** Between two attempts, in milliseconds. */
  readonly longestWaitMs: () => number;
  /** Asked at every attempt, so that a renewed one is used. */
  readonly identity: () => TlsIdentity;
  readonly hello: () => HelloReport;
  /** Every message but the welcome and the reconnect. */
  readonly onOrder: (order: GatewayOrder) => void;
  /** The stream was welcomed; the interval of heartbeats is in milliseconds. */
  readonly onOpen: (heartbeatIntervalMs: number) => void;
  readonly onClosed: (problem: MusterError | null) => void;
}

/** The agent's life line: it is opened, kept, and opened again. */
export interface Connection {
  start(): void;
  /** False: not connected, or too slow; the message is gone. */
  send(report: AgentReport): boolean;
  /** Opens another stream, with what `identity` says then. */
  renew(): void;
  state(): ConnectionState;
  stop(): void;
}

export function createConnection(options: ConnectionOptions): Connection {
  const { clock, random, log } = options;
  let state: ConnectionState = { kind: "stopped" };
  let call: GatewayCall | null = null;
  let callOff: (() => void) | null = null;

  function apply(event: ConnectionEvent, problem: MusterError | null = null): void {
    const before = state;
    state = nextConnection(state, event, { random, longestMs: options.longestWaitMs() });
    if (state === before) return;
    callOff?.();
    callOff = null;
    if (state.kind === "waiting") {
      callOff = clock.after(state.delayMs, () => apply({ kind: "due" }));
      const fields = {
        inMs: state.delayMs,
        attempt: state.attempt,
        code: problem?.code,
        problem: problem?.message,
      };
      log.info("gateway connection ended; connecting again", fields);
    }
    if (state.kind === "waiting" || state.kind === "stopped") hangUp();
    if (before.kind === "open") options.onClosed(problem);
    if (state.kind === "greeting") greet();
  }

  function hangUp(): void {
    const ending = call;
    call = null;
    ending?.close();
  }

  function greet(): void {
    const mine: { call: GatewayCall | null } = { call: null };
    const isCurrent = () => mine.call === null || call === mine.call;
    const events: CallEvents = {
      received: (order) => {
        if (isCurrent()) receive(order);
      },
      ended: (problem) => {
        if (!isCurrent()) return;
        call = null;
        apply({ kind: "ended", nowMs: clock.monotonicMs(), code: problem?.code ?? null }, problem);
      },
    };
    const opened = options.dial(options.address, options.identity(), events);
    mine.call = opened;
    // It may have failed at once.
    if (state.kind !== "greeting") return;
    call = opened;
    opened.send({ kind: "hello", hello: options.hello() });
    callOff = clock.after(GREETING_TIMEOUT_MS, () => opened.abort());
  }

  function receive(order: GatewayOrder): void {
    if (order.kind === "welcome") {
      if (state.kind !== "greeting") return;
      apply({ kind: "welcomed", nowMs: clock.monotonicMs() });
      options.onOpen(order.heartbeatIntervalMs);
    } else if (order.kind === "reconnect") {
      apply({ kind: "reconnect", delayMs: order.delayMs });
    } else if (state.kind === "open") {
      options.onOrder(order);
    }
  }

  return {
    start: () => apply({ kind: "start" }),
    send: (report) => state.kind === "open" && (call?.send(report) ?? false),
    renew: () => apply({ kind: "reconnect", delayMs: 0 }),
    state: () => state,
    stop: () => apply({ kind: "stop" }),
  };
}
