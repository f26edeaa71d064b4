import type { Rollout } from "@muster/core";
import { createGroupCommit } from "../../store/group-commit.ts";
import type { HostPasts } from "../host-pasts.ts";
import type { TargetDesk } from "../ports.ts";
import { isSettled } from "../settled.ts";
import type { OpenRollout } from "./open-rollout.ts";
import { beginDraft, isChanged, type RolloutDraft } from "./draft.ts";
import type { Also } from "./ledger.ts";
import { readOpenIds, readWholeRollout } from "./load.ts";
import { type OutcomeReport, recordOutcomes } from "./outcomes.ts";
import { type ControllerPorts, createParts } from "./parts.ts";
import { readUntaken } from "./untaken.ts";
import type { NewRollout } from "./write-draft.ts";

/**
 * Drives the open rollouts. Everything that changes one happens in turn, one transaction each; what is planned is written
 * before it is done. Nothing is polled: reports, agents, verbs and `nextWakeAt` wake it.
 */
export interface Controller {
  readonly targets: TargetDesk;
  /** Reads the open rollouts; before anything else is asked. */
  load(): Promise<void>;
  /** Begins to plan. Agents can report from now on: it is `listeningSince`. */
  start(): void;
  /** Writes what it has collected and plans no more. */
  stop(): Promise<void>;
  /** Writes what it has collected; resolves when nothing that was asked so far is under way any more. */
  flush(): Promise<void>;
  listeningSince(): number;
  /** Runs work in turn with everything else that changes rollouts. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Writes a new rollout, with what `also` writes, and begins to drive it; call it in turn. */
  add(created: NewRollout, also?: Also): Promise<void>;
  /**
   * Changes an open rollout by a draft, in turn, with what `also` writes if it is changed; null if there is no such open
   * rollout.
   */
  change(rolloutId: string, edit: (draft: RolloutDraft) => void, also?: Also): Promise<Rollout | null>;
  /** The same for a rollout that may have ended: it is opened again, and stays so if the edit moves it on. */
  reopen(rolloutId: string, edit: (draft: RolloutDraft) => void, also?: Also): Promise<Rollout | null>;
  openRollouts(): readonly OpenRollout[];
  /** Plans all of them again: something that holds for every rollout has changed. */
  planAll(): void;
}

export function createController(ports: ControllerPorts): Controller {
  const { db, clock } = ports;
  let listeningSince = clock.now();
  const parts = createParts(ports, () => listeningSince);
  const { book, ledger, plans, poke, inTurn, progress } = parts;

  const change: Controller["change"] = async (rolloutId, edit, also) => {
    const open = book.get(rolloutId);
    if (!open) return null;
    const draft = beginDraft(open, clock.now());
    edit(draft);
    if (isChanged(draft)) await ledger.commit([draft], also);
    poke(rolloutId);
    return draft.rollout;
  };

  return {
    targets: createTargetDesk(ports, parts),
    load: () =>
      parts.serial(async () => {
        for (const id of await readOpenIds(db)) {
          const whole = await readWholeRollout(db, id);
          if (!whole) continue;
          book.open(whole.rollout, whole.targets);
          poke(id);
        }
      }),
    start: () => {
      listeningSince = clock.now();
      plans.start();
    },
    stop: async () => {
      plans.stop();
      parts.rounds.stop();
      parts.deliveries.stop();
      progress.stop();
      await progress.flush();
      await parts.serial.idle();
    },
    flush: async () => {
      await progress.flush();
      await parts.serial.idle();
    },
    listeningSince: () => listeningSince,
    inTurn,
    add: (created, also) => ledger.add(created, also),
    change: (rolloutId, edit, also) => inTurn(() => change(rolloutId, edit, also)),
    reopen: (rolloutId, edit, also) =>
      inTurn(async () => {
        const whole = book.get(rolloutId) ? null : await readWholeRollout(db, rolloutId);
        if (whole) book.open(whole.rollout, whole.targets);
        try {
          return await change(rolloutId, edit, also);
        } finally {
          const open = book.get(rolloutId);
          if (open && isSettled(open.rollout, open.targets)) book.close(rolloutId);
        }
      }),
    planAll: () => {
      for (const id of book.ids()) poke(id);
    },
    openRollouts: () => book.ids().flatMap((id) => book.get(id) ?? []),
  };
}

function createTargetDesk(
  { db, clock, bus, roster, pasts }: ControllerPorts,
  { book, ledger, shelf, poke, pokeAgent, inTurn, progress }: ReturnType<typeof createParts>,
): TargetDesk {
  const onVersion = (agentId: string, version: string) => {
    roster.set(agentId, { version });
    bus.publish({ kind: "agent", agentId });
    pokeAgent(agentId);
  };
  const onRollback: HostPasts["note"] = (agentId, release) => pasts.note(agentId, release);
  const outcomes = { db, book, ledger, poke, now: () => clock.now(), onVersion, onRollback };
  const record = createGroupCommit<OutcomeReport, null>((reports) =>
    inTurn(() => recordOutcomes(outcomes, reports)),
  );
  return {
    untaken: (trx, hellos) => readUntaken(trx, hellos, { shelf, now: clock.now() }),
    agentChanged: pokeAgent,
    diskFreed: (agentId) => {
      for (const { target } of book.ofAgent(agentId)) {
        if (target.reason === "disk_short") poke(target.rolloutId);
      }
    },
    progress: (agentId, report) => progress.note(agentId, report),
    outcome: async (agentId, outcome) => {
      await record({ agentId, outcome });
    },
  };
}
