import { decideBoot, MusterError, type BootAction } from "@muster/core";
import { loadJournal } from "../journal/journal-store.ts";
import { withJournalLock } from "../lock/journal-lock.ts";
import type { Host } from "../ports.ts";
import { carryOut } from "./carry-out.ts";
import { observe, START_HASH_BUDGET_BYTES, type Vantage } from "./observe.ts";

/** Decisions come to an end within a few rounds; this is far more. */
const ROUNDS_MAX = 12;

const AT_A_START: Vantage = {
  trigger: "boot",
  gateway: "unknown",
  payload: { kind: "stopped" },
  hashBudgetBytes: START_HASH_BUDGET_BYTES,
};

/** What a start of the payload comes to. */
export type StartDecision = BootAction & { readonly kind: "start" | "no_version" };

/** Decides once and carries it out, with nobody else deciding at the same time. */
export function decideOnce(host: Host, vantage: Vantage): Promise<BootAction> {
  return withJournalLock(host, async () => {
    const journal = loadJournal(host);
    const action = decideBoot(journal, observe(host, journal, vantage), host.clock.now());
    await carryOut({ host, trigger: vantage.trigger }, action);
    return action;
  });
}

/**
 * Decides at a start of the payload what it is to be, and brings the host there. Throws `UPDATE_IN_PROGRESS`,
 * `HOST_FILE_FAILED`, `DISK_SHORT`; see `startAnyway` for what a launcher does then.
 */
export async function decideStart(host: Host): Promise<StartDecision> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const action = await decideOnce(host, AT_A_START);
    if (action.kind === "start" || action.kind === "no_version") return action;
  }
  throw new MusterError("HOST_FILE_FAILED", { problem: "the decision does not come to an end" });
}
