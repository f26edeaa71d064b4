import { MusterError, type GatewayState, type PayloadProcess } from "@muster/core";
import { decideOnce } from "../boot/decide.ts";
import { backupFolder } from "../config/backup.ts";
import { gatewayInBackup } from "../gateway/gateway-address.ts";
import { readJournal } from "../journal/journal-store.ts";
import { failedOutcome } from "../outcomes/outcome-of.ts";
import { readOutcome, writeOutcome } from "../outcomes/outcome-store.ts";
import type { Host } from "../ports.ts";
import { discardHandoff, readHandoff } from "./handoff-files.ts";

const LOOK_EVERY_MS = 500;
const PROBE_EVERY_MS = 2000;

/**
 * Brings the host to rest: finishes what an updater before left, and watches a version that is on probation until it is
 * committed or taken back. Another handoff that comes meanwhile is refused, with its outcome. Each look reads back
 * `hashBudgetBytes` of the files; with none, it still notices those that are gone. `taken over`: another updater began
 * this, and may have been killed before it ended the old process.
 */
export async function watchUntilSteady(
  host: Host,
  { hashBudgetBytes, takenOver }: { readonly hashBudgetBytes: number; readonly takenOver: boolean },
): Promise<void> {
  const pulse = host.openPulse();
  const gateway = gatewayWatch(host);
  try {
    for (;;) {
      const payload = host.service.payload();
      const action = await decideOnce(host, {
        trigger: "watch",
        gateway: gateway.state(),
        payload,
        hashBudgetBytes,
      });
      if (action.kind === "start" || action.kind === "no_version") return;
      if (action.kind !== "wait") continue;
      refuseOther(host);
      if (takenOver && isFromBeforeSwitch(host, payload)) {
        host.say("the version before still runs: ending it");
        await host.service.stop();
      }
      await pulse.next(LOOK_EVERY_MS);
    }
  } finally {
    pulse.close();
  }
}

/** Whether what runs was started before the switch, and nothing since. Every start is counted before it is one. */
function isFromBeforeSwitch(host: Host, payload: PayloadProcess): boolean {
  const reading = readJournal(host);
  if (reading.kind !== "read" || reading.journal.state.kind !== "probation") return false;
  const { boots, switched } = reading.journal.state.probation;
  const { bootId } = host.clock.now();
  return (
    boots === 0 &&
    switched.bootId === bootId &&
    payload.kind === "running" &&
    payload.sinceMs < switched.monotonicMs
  );
}

/** Asks the gateway in the background, so that a slow one never delays a look. */
function gatewayWatch(host: Host): { readonly state: () => GatewayState } {
  let answer: GatewayState | null = null;
  let askedAtMs: number | null = null;
  let asking = false;
  return {
    state: () => {
      const reading = readJournal(host);
      const state = reading.kind === "read" ? reading.journal.state : null;
      if (state?.kind !== "probation" || state.attempt.fromVersion === null) return "unknown";
      const gateway = gatewayInBackup(backupFolder(host, state.attempt.fromVersion));
      if (gateway === null) return "unknown";
      const nowMs = host.clock.now().monotonicMs;
      if (!asking && (askedAtMs === null || nowMs - askedAtMs >= PROBE_EVERY_MS)) {
        asking = true;
        askedAtMs = nowMs;
        void host.probeGateway(gateway).then((found) => {
          answer = found;
          asking = false;
          return found;
        });
      }
      // Until the first answer nothing is held against the version; it comes within seconds.
      return answer ?? "unreachable";
    },
  };
}

/** H12: one update happens, another that is handed over during it gets a clear answer. */
function refuseOther(host: Host): void {
  const reading = readHandoff(host.layout);
  if (reading.kind !== "read") return;
  const { handoff } = reading;
  const underWay = readJournal(host);
  const state = underWay.kind === "read" ? underWay.journal.state : null;
  const same = state !== null && "attempt" in state && state.attempt.targetId === handoff.targetId;
  if (!same && readOutcome(host, handoff.targetId) === null) {
    const { targetId, product, version } = handoff;
    const survivor = state !== null && "attempt" in state ? state.attempt.toVersion : null;
    const subject = { targetId, product, fromVersion: survivor, toVersion: version };
    writeOutcome(host, failedOutcome(subject, new MusterError("UPDATE_IN_PROGRESS"), host.clock.now()));
    host.say(`UPDATE_IN_PROGRESS: the handoff of ${version} is refused`);
  }
  discardHandoff(host);
}
