import { asMusterError, type Outcome } from "@muster/core";
import type { AgentReport } from "@muster/protocol/agent";
import type { AgentLog } from "../ports.ts";
import type { Outbox } from "./outbox.ts";

export interface OutcomeReporterOptions {
  readonly outbox: Outbox;
  readonly log: AgentLog;
  readonly send: (report: AgentReport) => boolean;
  /** An outcome is on this host, whoever wrote it. May be called again for the same. */
  readonly onOutcome: (outcome: Outcome) => void;
}

/** Sends every outcome at every connection, until the gateway has acknowledged it. */
export interface OutcomeReporter {
  /** Sends what was not sent on this connection. Never throws. */
  flush(): Promise<void>;
  /** A new connection: everything is sent again. */
  opened(): void;
  acknowledged(targetId: string): Promise<void>;
}

/** At once; the rest follows with the acknowledgements. */
const BURST = 32;

export function createOutcomeReporter({
  outbox,
  log,
  send,
  onOutcome,
}: OutcomeReporterOptions): OutcomeReporter {
  let sent = new Set<string>();

  async function flush(): Promise<void> {
    try {
      const pending = await outbox.pending();
      for (const outcome of pending.values()) onOutcome(outcome);
      const unsent = [...pending.values()].filter(({ targetId }) => !sent.has(targetId));
      for (const outcome of unsent.slice(0, BURST)) {
        if (!send({ kind: "outcome", outcome })) return;
        sent.add(outcome.targetId);
      }
    } catch (error) {
      log.error("outcomes cannot be read", { problem: asMusterError(error).message });
    }
  }

  return {
    flush,
    opened: () => {
      sent = new Set();
    },
    acknowledged: async (targetId) => {
      try {
        await outbox.acknowledge(targetId);
      } catch (error) {
        // It is sent again at the next connection.
        log.error("acknowledgement not kept", { targetId, problem: asMusterError(error).message });
      }
    },
  };
}
