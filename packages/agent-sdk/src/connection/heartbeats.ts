import { asMusterError, type LocalPolicy } from "@muster/core";
import type { AgentReport } from "@muster/protocol/agent";
import type { ReadTelemetry } from "../host/telemetry.ts";
import type { AgentClock, AgentLog, Random } from "../ports.ts";

export interface HeartbeatOptions {
  readonly clock: AgentClock;
  readonly random: Random;
  readonly log: AgentLog;
  readonly telemetry: ReadTelemetry;
  readonly policy: () => LocalPolicy;
  readonly send: (report: AgentReport) => boolean;
}

/** Tells the gateway at its interval that the agent is there. */
export interface Heartbeats {
  /** The policy that the hello told; a later heartbeat carries it only if it changed. */
  begin(intervalMs: number, told: LocalPolicy): void;
  /** One at once. */
  beat(): Promise<void>;
  pause(): void;
}

/** Part of the interval by which each one is earlier, so that a fleet does not speak in chorus. */
const JITTER = 0.2;

export function createHeartbeats(options: HeartbeatOptions): Heartbeats {
  const { clock, random, log } = options;
  let callOff: (() => void) | null = null;
  let told = "";

  async function beat(): Promise<void> {
    try {
      const reading = await options.telemetry();
      const policy = options.policy();
      const isNews = JSON.stringify(policy) !== told;
      const heartbeat = { ...reading, sentAt: clock.now(), ...(isNews && { policy }) };
      if (options.send({ kind: "heartbeat", heartbeat }) && isNews) told = JSON.stringify(policy);
    } catch (error) {
      log.warn("no heartbeat", { problem: asMusterError(error).message });
    }
  }

  function schedule(intervalMs: number): void {
    callOff?.();
    callOff = clock.after(intervalMs * (1 - JITTER * random()), () => {
      schedule(intervalMs);
      void beat();
    });
  }

  return {
    begin: (intervalMs, policy) => {
      told = JSON.stringify(policy);
      schedule(intervalMs);
      // The first tells how the host is doing as soon as it is there.
      void beat();
    },
    beat,
    pause: () => callOff?.(),
  };
}
