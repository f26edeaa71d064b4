import type { Outcome } from "@muster/core";
import type { TargetView } from "@muster/protocol/http";
import { dealProfiles, type Mix } from "../../agent/profile.ts";
import { figuresOf, type Figure } from "../figure.ts";
import { BENCH_NATURE, type BenchTools, type Ground } from "../ground.ts";
import { isOver, WAVES } from "./rollout.ts";

export interface HaltResult {
  /** From the creation to the halt. */
  readonly haltSeconds: number;
  /** From the first failure on a host to the halt, in milliseconds. */
  readonly reactionMs: number;
  readonly touched: number;
}

export interface TerminalResult {
  readonly targets: number;
  readonly terminal: number;
  readonly healthy: number;
  readonly rolledBack: number;
  readonly failed: number;
  readonly seconds: number;
}

const FAILING: Mix = [{ profile: { kind: "fails_preflight" }, amount: { percent: 2 } }];
const EVERYTHING: Mix = [
  ...FAILING,
  { profile: { kind: "rolls_back" }, amount: { percent: 1 } },
  { profile: { kind: "silent", at: "restarting" }, amount: { percent: 1 } },
  { profile: { kind: "offline", forMs: 5000 }, amount: { percent: 1 } },
];
const TERMINAL: ReadonlySet<TargetView["state"]> = new Set(["healthy", "failed", "rolled_back"]);
const LIMITS = { deadlineMs: 10_000, stabilizationMs: 1000, maxBoots: 3 } as const;

/** A release that fails on 2 % of the hosts, under the default policy: the first failure halts it. */
export async function measureHalt(ground: Ground, { tell }: Pick<BenchTools, "tell">): Promise<HaltResult> {
  const { fleet, agents, client } = ground;
  const version = await ground.publishNext();
  fleet.become(dealProfiles(FAILING, agents, 7), BENCH_NATURE);
  tell(`rolling out ${version}, which fails on 2 % of the hosts`);
  let firstFailureAt = Number.POSITIVE_INFINITY;
  const ended = (_: string, { result, endedAt }: Outcome) => {
    if (result === "failed") firstFailureAt = Math.min(firstFailureAt, endedAt);
  };
  const deafen = fleet.listen({ ended });
  const { id } = await ground.roll(version, { strategy: WAVES, limits: LIMITS });
  const halted = await ground.until(id, ({ state }) => state !== "running" && state !== "scheduled");
  deafen();
  tell(`  ${halted.state} (${halted.pauseCause ?? ""}) with ${halted.touchedAtHalt ?? 0} hosts touched`);
  await ground.until(id, isOver);
  if (halted.state === "paused") await client.rollouts.act(id, "cancel");
  await ground.until(id, ({ state }) => state !== "paused");
  return {
    haltSeconds: (halted.since - halted.createdAt) / 1000,
    reactionMs: halted.since - firstFailureAt,
    touched: halted.touchedAtHalt ?? halted.touched,
  };
}

/** A release with every fault there is, let through to the end. */
export async function measureTerminal(
  ground: Ground,
  { tell }: Pick<BenchTools, "tell">,
): Promise<TerminalResult> {
  const { fleet, agents } = ground;
  const version = await ground.publishNext();
  fleet.become(dealProfiles(EVERYTHING, agents, 8), BENCH_NATURE);
  tell(`rolling out ${version} with faults: 2 % fail, 1 % roll back, 1 % fall silent, 1 % are offline`);
  for (const agent of fleet.agents) agent.obeyAbsence();
  const { id } = await ground.roll(version, {
    strategy: WAVES,
    limits: LIMITS,
    // Silence has to be longer than a crowded machine takes for what is quick on a host of its own.
    deadlines: { restarting: 20_000 },
    failurePolicy: { threshold: { percent: 100 }, silentAfterMs: 10_000 },
  });
  const done = await ground.until(id, (rollout) => isOver(rollout) && rollout.state !== "paused");
  const states = await readStates(ground, id);
  const count = (state: TargetView["state"]) => states.filter((each) => each === state).length;
  return {
    targets: states.length,
    terminal: states.filter((state) => TERMINAL.has(state)).length,
    healthy: count("healthy"),
    rolledBack: count("rolled_back"),
    failed: count("failed"),
    seconds: ((done.endedAt ?? Date.now()) - done.createdAt) / 1000,
  };
}

async function readStates({ client }: Ground, id: string): Promise<readonly TargetView["state"][]> {
  const states: TargetView["state"][] = [];
  let cursor: string | undefined;
  do {
    const page = await client.rollouts.targets(id, { limit: 500, cursor });
    states.push(...page.items.map(({ state }) => state));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return states;
}

export function faultsFigures(halt: HaltResult, terminal: TerminalResult, agents: number): readonly Figure[] {
  const figure = figuresOf("faults");
  return [
    figure("halted after its creation", halt.haltSeconds, "s"),
    figure("halted after the first failure", halt.reactionMs, "ms"),
    figure("hosts touched at the halt", halt.touched, ""),
    figure("of all hosts", (halt.touched / agents) * 100, "%"),
    figure("every fault: targets in a terminal state", (terminal.terminal / terminal.targets) * 100, "%", {
      goal: { atLeast: 100 },
    }),
    figure("- healthy", terminal.healthy, ""),
    figure("- rolled back", terminal.rolledBack, ""),
    figure("- failed", terminal.failed, ""),
    figure("- over after", terminal.seconds, "s"),
  ];
}
