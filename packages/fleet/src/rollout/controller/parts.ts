import type { KeyObject } from "node:crypto";
import type { Audit } from "../../audit/ports.ts";
import type { Rollout } from "@muster/core";
import type { Roster } from "../../agents/roster.ts";
import type { EventJournal } from "../../events/ports.ts";
import type { AgentLine } from "../../gateway/ports.ts";
import type { Bus, Clock } from "../../ports.ts";
import type { HoursAt } from "../../schedule/window-calendar.ts";
import type { Database } from "../../store/database.ts";
import { createArtifactSizes } from "../artifact-sizes.ts";
import type { HostPasts } from "../host-pasts.ts";
import { createReleaseShelf } from "../release-shelf.ts";
import type { Dispatch } from "./assignments.ts";
import { createBook } from "./book.ts";
import { createDeliveries } from "./deliveries.ts";
import { createLedger } from "./ledger.ts";
import { createPlanQueue } from "./plan-queue.ts";
import { createProgressReports } from "./progress.ts";
import { createRounds } from "./rounds.ts";
import { createSerial } from "./serial.ts";
import { readDispatches } from "./untaken.ts";

export interface ControllerPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly bus: Bus;
  readonly events: EventJournal;
  readonly audit: Audit;
  readonly roster: Roster;
  readonly pasts: HostPasts;
  /** The windows and the freezes that hold for a rollout. */
  readonly hoursOf: (rollout: Rollout, now: number) => HoursAt;
  /** Whether an agent is not in a rollout's cohort any more. */
  readonly leftCohort: (spec: Rollout["spec"]) => (agentId: string) => boolean;
  /** How agents are reached; null until the gateway stands. */
  readonly line: () => AgentLine | null;
  /** The controller's private key, Ed25519. */
  readonly signingKey: KeyObject;
  /** Told what failed with nobody waiting for it; it is tried again. */
  readonly onError: (error: unknown) => void;
}

/** What a controller consists of, put together; `listeningSince` is told when it is asked. */
export function createParts(ports: ControllerPorts, listeningSince: () => number) {
  const { db, clock, bus, events, audit, roster, line, signingKey, onError } = ports;
  const book = createBook();
  const serial = createSerial();
  const shelf = createReleaseShelf(bus);
  const plans = createPlanQueue({ clock, plan: (id) => inTurn(() => rounds.plan(id)), onError });
  const poke = (rolloutId: string) => plans.poke(rolloutId);
  const pokeAgent = (agentId: string) => {
    for (const { target } of book.ofAgent(agentId)) poke(target.rolloutId);
  };
  const isWanted = ({ agentId, instruction }: Dispatch) => {
    const isConnected = (roster.get(agentId)?.connectedAt ?? null) !== null;
    return isConnected && book.target(instruction.targetId)?.target.state.kind === "dispatched";
  };
  const deliveries = createDeliveries({ clock, line, isWanted });
  const ledger = createLedger({
    db,
    book,
    bus,
    events,
    audit,
    deliveries,
    readDispatches: (rolloutId) => readDispatches(db, rolloutId, { shelf, now: clock.now() }),
    signingKey,
    poke,
  });
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> =>
    serial(async () => {
      await ledger.refresh();
      return work();
    });
  const rounds = createRounds({
    ...ports,
    sizes: createArtifactSizes(db, bus),
    book,
    ledger,
    shelf,
    poke,
    listeningSince,
  });
  const progress = createProgressReports({ clock, book, ledger, poke, inTurn, onError });
  return { book, serial, inTurn, shelf, plans, poke, pokeAgent, deliveries, ledger, rounds, progress };
}
