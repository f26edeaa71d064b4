import type { KeyObject } from "node:crypto";
import type { Rollout } from "@muster/core";
import { rawPublicKey } from "@muster/trust";
import { createAgents } from "./agents/agents.ts";
import type { AgentAuthority } from "./agents/authority.ts";
import { createAgentDesk } from "./agents/desk.ts";
import type { Agents, RegistrationTokens } from "./agents/ports.ts";
import { createRegistrationTokens } from "./agents/registration-tokens.ts";
import { loadRoster } from "./agents/roster.ts";
import type { Audit } from "./audit/ports.ts";
import type { EventJournal } from "./events/ports.ts";
import { openCommands } from "./commands/commands.ts";
import type { Commands } from "./commands/ports.ts";
import type { AgentDesk, AgentLine } from "./gateway/ports.ts";
import { createDesiredStates } from "./desired/desired-states.ts";
import { createDesiredDriver } from "./desired/driver.ts";
import { createGroups } from "./groups/groups.ts";
import { leftCohort } from "./groups/left-cohort.ts";
import { loadGroups } from "./groups/load-groups.ts";
import type { DesiredStates, Groups } from "./groups/ports.ts";
import { createOperations } from "./operations/operations.ts";
import type { Operations } from "./operations/ports.ts";
import { createIdSource } from "./ids.ts";
import type { Bus, Clock, Random } from "./ports.ts";
import { createController } from "./rollout/controller/controller.ts";
import { loadHostPasts } from "./rollout/host-pasts.ts";
import type { Rollouts } from "./rollout/ports.ts";
import { createRollouts, pauseRolloutsOf } from "./rollout/rollouts.ts";
import { type Freezes, openFreezes } from "./schedule/freezes.ts";
import { ANY_TIME, createWindowCalendar } from "./schedule/window-calendar.ts";
import type { Database } from "./store/database.ts";

export interface ControlPlanePorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly bus: Bus;
  readonly events: EventJournal;
  readonly audit: Audit;
  readonly authority: AgentAuthority;
  /** The controller's private key, Ed25519: assignments are signed with it. */
  readonly signingKey: KeyObject;
  /** Told what failed with nobody waiting for it; it is tried again by itself. */
  readonly onError: (error: unknown) => void;
}

/** Agents, tokens and rollouts, and what drives them. */
export interface ControlPlane {
  /** For the gateway. It answers before `start`, but nothing is dispatched. */
  readonly desk: AgentDesk;
  readonly agents: Agents;
  readonly tokens: RegistrationTokens;
  readonly rollouts: Rollouts;
  readonly groups: Groups;
  readonly desired: DesiredStates;
  readonly freezes: Freezes;
  readonly commands: Commands;
  readonly operations: Operations;
  /** Pauses the running rollouts of a release that was yanked. Idempotent; durable when it resolves. */
  pauseRolloutsOf(release: { readonly product: string; readonly version: string }): Promise<void>;
  /** Goes on with the open rollouts, over the gateway's line. */
  start(line: AgentLine): void;
  /** Writes what is collected. Call it when the gateway is closed and before the database is. */
  stop(): Promise<void>;
  /** Writes what is collected now; resolves when nothing that was asked so far is under way. */
  flush(): Promise<void>;
}

/**
 * Opens the control plane on a database. One process may have one at a time on the same data; a kill at any moment loses
 * nothing that was answered. Throws `STORE_UNAVAILABLE`.
 */
export async function openControlPlane(ports: ControlPlanePorts): Promise<ControlPlane> {
  const { db, clock, bus, events, audit, authority, signingKey, onError } = ports;
  let gatewayLine: AgentLine | null = null;
  const line = () => gatewayLine;
  const newId = createIdSource(clock, ports.random);
  const roster = await loadRoster(db, events);
  const pasts = await loadHostPasts(db);
  const groupIndex = await loadGroups(db);
  const freezes = await openFreezes({ db, clock, newId, onChange: () => controller.planAll() });
  const calendar = createWindowCalendar();
  const hoursOf = ({ spec }: Rollout, now: number) =>
    spec.priority === "emergency" ? ANY_TIME : calendar.at(now, spec.windows, freezes.list());
  const hasLeft = (spec: Rollout["spec"]) => leftCohort(spec, { ...groupIndex, roster });
  const controller = createController({ ...ports, newId, roster, pasts, line, hoursOf, leftCohort: hasLeft });
  await controller.load();
  const { targets } = controller;
  const listeningSince = () => controller.listeningSince();
  const assignmentKey = rawPublicKey(signingKey);
  const shared = {
    db,
    clock,
    newId,
    bus,
    events,
    audit,
    roster,
    pasts,
    line,
    targets,
    listeningSince,
    onError,
    ...groupIndex,
  };
  const commands = await openCommands(shared);
  const desk = createAgentDesk({ ...shared, commands, authority, assignmentKey });
  const desiring = { ...shared, controller };
  const driver = createDesiredDriver(desiring);
  const desired = createDesiredStates({ ...desiring, driver });
  return {
    desk,
    freezes,
    commands,
    agents: createAgents(shared),
    tokens: createRegistrationTokens({ db, clock, newId, caPin: authority.caPin }),
    rollouts: createRollouts({ db, clock, newId, controller, pasts, roster, book: groupIndex.book }),
    groups: createGroups({ ...shared, onChange: () => driver.changed() }),
    desired,
    operations: createOperations({ ...desiring, desired }),
    pauseRolloutsOf: (release) => pauseRolloutsOf(controller, release),
    start: (gateway) => {
      gatewayLine = gateway;
      controller.start();
      driver.start();
    },
    stop: async () => {
      driver.stop();
      await driver.idle();
      await controller.stop();
      await desk.stop();
    },
    flush: async () => {
      await desk.flush();
      await controller.flush();
    },
  };
}
