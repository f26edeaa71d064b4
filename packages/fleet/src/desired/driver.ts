import {
  type DesiredDecision,
  type DesiredSurvey,
  type DriftingAgent,
  letsOfflineGoAt,
  mayStart,
  offlineWait,
  planDesiredState,
} from "@muster/core";
import type { Roster } from "../agents/roster.ts";
import type { GroupBook } from "../groups/group-book.ts";
import type { Memberships } from "../groups/memberships.ts";
import type { Bus } from "../ports.ts";
import { moveTarget } from "../rollout/controller/draft.ts";
import { createSerial } from "../rollout/controller/serial.ts";
import type { Controller } from "../rollout/controller/controller.ts";
import { busyAgents } from "../rollout/preview.ts";
import { keyOf, readDrifting } from "./drifting.ts";
import { createAlarm } from "./alarm.ts";
import { type DesiredOutlook, NOTHING, readOutlook } from "./outlook.ts";
import { type StartPorts, startGroupRollout } from "./start-group-rollout.ts";

export interface DriverPorts extends StartPorts {
  readonly bus: Bus;
  readonly roster: Roster;
  readonly book: GroupBook;
  readonly memberships: Memberships;
  readonly controller: Controller;
  readonly onError: (error: unknown) => void;
}

/** Makes the rollouts that desired states ask for. Nothing is polled: releases, rollouts and agents wake it. */
export interface DesiredDriver {
  outlook(): Promise<DesiredOutlook>;
  start(): void;
  /** A desired state or who follows it has changed: look at everything again, at once. */
  changed(): void;
  stop(): void;
  idle(): Promise<void>;
}

const RETRY_AFTER_MS = 5000;

export function createDesiredDriver(ports: DriverPorts): DesiredDriver {
  const { clock, bus, onError } = ports;
  const serial = createSerial();
  /** Keys of the states whose agents have to be looked at. */
  const dirty = new Set<string>();
  /** When the agents of a state may be looked at again, unless it is known that there is something new. */
  const lookAgainAt = new Map<string, number>();
  let outlook: DesiredOutlook = NOTHING;

  const alarm = createAlarm(clock, () => {
    serial(round).catch((error: unknown) => {
      onError(error);
      alarm.set(clock.now() + RETRY_AFTER_MS);
    });
  });

  const round = async () => {
    outlook = await readOutlook(ports);
    const now = clock.now();
    const due = outlook.surveys.filter((survey) => {
      const key = keyOf(survey.state);
      return dirty.has(key) && mayStart(survey, now) && now >= (lookAgainAt.get(key) ?? 0);
    });
    const decisions = await decide(ports, outlook, due);
    for (const { state } of due) {
      dirty.delete(keyOf(state));
      lookAgainAt.set(keyOf(state), now + state.plan.followUp.everyMs);
    }
    for (const decision of decisions) {
      await execute(ports, decision, outlook);
      // There may be more agents than fit into one.
      if (decision.kind === "start_rollout")
        dirty.add(keyOf({ groupId: decision.groupId, product: decision.spec.product }));
    }
    alarm.set(nextRoundAt(outlook, dirty, lookAgainAt));
  };

  const changed = () => {
    for (const { state } of outlook.surveys) dirty.add(keyOf(state));
    lookAgainAt.clear();
    alarm.set(0);
  };

  const unsubscribe = bus.subscribe((change) => {
    if (outlook.surveys.length === 0) return;
    if (change.kind === "release") changed();
    if (change.kind === "rollout") {
      for (const { state } of outlook.surveys) dirty.add(keyOf(state));
      alarm.set(0);
    }
    if (change.kind === "agent") {
      const key = driftingKey(ports, outlook, change.agentId);
      if (key === null || dirty.has(key)) return;
      dirty.add(key);
      alarm.set(lookAgainAt.get(key) ?? 0);
    }
  });

  const loadAll = async () => {
    outlook = await readOutlook(ports);
    changed();
  };
  return {
    outlook: () => readOutlook(ports),
    start: () => {
      alarm.wake();
      serial(loadAll).catch(onError);
    },
    changed: () => void serial(loadAll).catch(onError),
    stop: () => {
      unsubscribe();
      alarm.stop();
    },
    idle: () => serial.idle(),
  };
}

/** `due`: the states whose agents are looked at. */
async function decide(
  ports: DriverPorts,
  outlook: DesiredOutlook,
  due: readonly DesiredSurvey[],
): Promise<readonly DesiredDecision[]> {
  const drifting = await readAllDrifting(ports, outlook, due);
  return planDesiredState({
    ...outlook,
    states: outlook.surveys.map(({ state }) => state),
    agents: (state) => drifting.get(keyOf(state)) ?? [],
    busy: busyAgents(ports.controller.openRollouts()),
    now: ports.clock.now(),
  });
}

async function readAllDrifting(
  { db, memberships }: DriverPorts,
  { followed }: DesiredOutlook,
  surveys: readonly DesiredSurvey[],
): Promise<ReadonlyMap<string, readonly DriftingAgent[]>> {
  const drifting = new Map<string, readonly DriftingAgent[]>();
  for (const { state, release } of surveys) {
    if (release === null) continue;
    drifting.set(keyOf(state), await readDrifting(db, { memberships, followed }, { state, release }));
  }
  return drifting;
}

/** The state that a connected agent follows and does not meet; null: there is none. From memory. */
function driftingKey(
  { roster, memberships }: DriverPorts,
  { wanted, followed }: DesiredOutlook,
  agentId: string,
): string | null {
  const list = memberships.listOf(agentId);
  const groupId = list ? followed(list) : null;
  if (!list || groupId === null) return null;
  const key = keyOf({ groupId, product: list.product });
  const version = wanted.get(key);
  const agent = roster.get(agentId);
  const isThere = version === undefined || agent?.version === version;
  return isThere || (agent?.connectedAt ?? null) === null ? null : key;
}

async function execute(
  ports: DriverPorts,
  decision: DesiredDecision,
  outlook: DesiredOutlook,
): Promise<void> {
  if (decision.kind === "let_offline_go") {
    await ports.controller.change(decision.rolloutId, (draft) => {
      const { rollout, targets } = draft.before;
      for (const target of offlineWait(rollout, targets)?.targets ?? [])
        moveTarget(draft, target, { kind: "cancel" });
    });
    return;
  }
  const { groupId, spec } = decision;
  const revision = outlook.revisions.get(keyOf({ groupId, product: spec.product })) ?? 0;
  const createdBy = `group ${ports.book.find(groupId)?.row.name ?? groupId}`;
  await startGroupRollout(ports, decision, { revision, createdBy });
}

function nextRoundAt(
  { surveys, rollouts }: DesiredOutlook,
  dirty: ReadonlySet<string>,
  lookAgainAt: ReadonlyMap<string, number>,
): number {
  const states = surveys.map(({ state }) => state);
  const times = rollouts.map((rollout) => letsOfflineGoAt(rollout, states));
  for (const { state, phase } of surveys) {
    if (phase.kind !== "following" || !dirty.has(keyOf(state))) continue;
    times.push(Math.max(phase.notBefore, lookAgainAt.get(keyOf(state)) ?? 0));
  }
  return Math.min(Infinity, ...times);
}
