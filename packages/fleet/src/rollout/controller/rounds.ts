import { type Decision, nextWakeAt, planRollout, type Rollout } from "@muster/core";
import type { Roster } from "../../agents/roster.ts";
import type { Clock } from "../../ports.ts";
import type { HoursAt } from "../../schedule/window-calendar.ts";
import type { Database } from "../../store/database.ts";
import type { ArtifactSizes } from "../artifact-sizes.ts";
import type { HostPasts } from "../host-pasts.ts";
import { type DispatchRelease, isOffered, type ReleaseShelf } from "../release-shelf.ts";
import type { Book } from "./book.ts";
import type { OpenRollout } from "./open-rollout.ts";
import { beginDraft, moveRollout } from "./draft.ts";
import { type ExecutionPorts, executeDecisions } from "./executors.ts";
import { agentFacts } from "./facts.ts";
import type { Ledger } from "./ledger.ts";

export interface RoundPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly book: Book;
  readonly roster: Roster;
  readonly pasts: HostPasts;
  readonly sizes: ArtifactSizes;
  readonly ledger: Ledger;
  readonly shelf: ReleaseShelf;
  readonly newId: () => string;
  readonly poke: (rolloutId: string) => void;
  readonly listeningSince: () => number;
  /** The windows and the freezes that hold for a rollout. */
  readonly hoursOf: (rollout: Rollout, now: number) => HoursAt;
  readonly leftCohort: (spec: Rollout["spec"]) => (agentId: string) => boolean;
}

/** Plans rollouts and carries out what is planned; call it in turn. */
export interface Rounds {
  plan(rolloutId: string): Promise<void>;
  stop(): void;
}

export function createRounds(ports: RoundPorts): Rounds {
  const { clock, book, poke, listeningSince } = ports;
  const wakes = new Map<string, () => void>();

  const callOff = (rolloutId: string) => {
    wakes.get(rolloutId)?.();
    wakes.delete(rolloutId);
  };
  const wakeAgain = (rolloutId: string, now: number, hours: HoursAt) => {
    const open = book.get(rolloutId);
    const hoursChangeAt = hours.nextChange();
    const at = open ? nextWakeAt({ ...open, now, listeningSince: listeningSince(), hoursChangeAt }) : null;
    if (at === null) return;
    const wake = () => {
      wakes.delete(rolloutId);
      poke(rolloutId);
    };
    wakes.set(rolloutId, clock.wakeAt(at, wake));
  };

  return {
    plan: async (rolloutId) => {
      callOff(rolloutId);
      const open = book.get(rolloutId);
      if (!open) return;
      const now = clock.now();
      const hours = ports.hoursOf(open.rollout, now);
      await carryOut(ports, open, { now, hours });
      wakeAgain(rolloutId, now, hours);
    },
    stop: () => {
      for (const id of wakes.keys()) callOff(id);
    },
  };
}

/** One plan, written as a whole. */
async function carryOut(
  ports: RoundPorts,
  open: OpenRollout,
  { now, hours }: { readonly now: number; readonly hours: HoursAt },
): Promise<void> {
  const { book, roster, ledger, newId, poke } = ports;
  const { id } = open.rollout;
  const agents = agentFacts(roster, {
    book,
    rollout: open.rollout,
    hours,
    pasts: ports.pasts,
    sizes: await ports.sizes(open.rollout.spec),
    hasLeft: ports.leftCohort(open.rollout.spec),
  });
  // Only the wake depends on when they change, and what has been asked for is known after the plan.
  const timing = { now, listeningSince: ports.listeningSince(), hoursChangeAt: null };
  const decisions = planRollout({ ...open, agents, ...timing });
  if (decisions.length === 0) return;
  const draft = beginDraft(open, now);
  const releases = await readReleases(ports, open, decisions);
  if (isWithdrawn(open, decisions, releases)) {
    if (open.rollout.state.kind === "paused") moveRollout(draft, { kind: "resume" });
    moveRollout(draft, { kind: "pause", cause: "release_yanked" });
    await ledger.commit([draft]);
    poke(id);
    return;
  }
  const target = (targetId: string) => book.target(targetId)?.target;
  executeDecisions(draft, decisions, { target, newId, releases });
  await ledger.commit([draft]);
  // Returns are dispatched by the next plan, and so is what takes the place of a refused one.
  const isMore =
    decisions.some(({ kind }) => kind === "add_return") || isAnyRefused(decisions, { target, releases });
  if (isMore) poke(id);
}

async function readReleases(
  { db, book, shelf }: RoundPorts,
  { rollout }: OpenRollout,
  decisions: readonly Decision[],
): Promise<ReadonlyMap<string, DispatchRelease | null>> {
  const releases = new Map<string, DispatchRelease | null>();
  for (const decision of decisions) {
    if (decision.kind !== "dispatch") continue;
    const version = book.target(decision.targetId)?.target.toVersion;
    if (version === undefined || releases.has(version)) continue;
    releases.set(version, await shelf.read(db, rollout.spec.product, version));
  }
  return releases;
}

/** The rollout's own release cannot be handed out any more, though nobody has paused the rollout yet. */
function isWithdrawn(
  { rollout }: OpenRollout,
  decisions: readonly Decision[],
  releases: ReadonlyMap<string, DispatchRelease | null>,
): boolean {
  const release = releases.get(rollout.spec.version);
  if (release === undefined || release?.isReady) return false;
  return rollout.state.kind !== "rolling_back" && decisions.some(({ kind }) => kind === "dispatch");
}

function isAnyRefused(
  decisions: readonly Decision[],
  { target, releases }: Pick<ExecutionPorts, "target" | "releases">,
): boolean {
  return decisions.some((decision) => {
    if (decision.kind !== "dispatch") return false;
    const dispatched = target(decision.targetId);
    return dispatched === undefined || !isOffered(releases.get(dispatched.toVersion) ?? null, dispatched);
  });
}
