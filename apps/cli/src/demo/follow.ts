import { REASON_TEXT, type Reason } from "@muster/core";
import type { Client, RolloutView, TargetView, WaveView } from "@muster/protocol/http";
import type { Narrator } from "./narrator.ts";

export interface Ending {
  readonly rollout: RolloutView;
  readonly targets: readonly TargetView[];
  readonly tookMs: number;
}

/** Tells what happens in a rollout as the server's events say it, until it has ended or halted with nothing under way. */
export async function followRollout(client: Client, id: string, narrator: Narrator): Promise<Ending> {
  const startedAt = performance.now();
  const stop = new AbortController();
  const tale = new Tale(narrator);
  for await (const event of client.events({ rollout: id, signal: stop.signal })) {
    if (event.event === "targets") tale.targets(event.data.targets);
    if (event.event !== "rollout") continue;
    tale.rollout(event.data);
    if (isSettled(event.data)) stop.abort();
  }
  const [rollout, { items }] = await Promise.all([
    client.rollouts.get(id),
    client.rollouts.targets(id, { limit: 500 }),
  ]);
  tale.targets(items);
  tale.rollout(rollout);
  return { rollout, targets: items, tookMs: performance.now() - startedAt };
}

function isSettled({ state, counts }: RolloutView): boolean {
  return !["scheduled", "running", "rolling_back"].includes(state) && counts.inProgress === 0;
}

/** What has been told already, so that nothing is told twice. */
class Tale {
  readonly #narrator: Narrator;
  readonly #states = new Map<string, string>();
  readonly #waves = new Map<number, string>();
  #rollout = "";

  constructor(narrator: Narrator) {
    this.#narrator = narrator;
  }

  targets(targets: readonly TargetView[]): void {
    for (const target of targets) {
      if (this.#states.get(target.id) === target.state) continue;
      this.#states.set(target.id, target.state);
      this.#tellTarget(target);
    }
  }

  rollout(rollout: RolloutView): void {
    for (const wave of rollout.waves) this.#tellWave(wave, rollout.waves.length);
    if (this.#rollout === rollout.state) return;
    this.#rollout = rollout.state;
    if (rollout.state !== "paused" || rollout.reason === null) return;
    const reason = REASON_TEXT[rollout.reason as Reason];
    this.#narrator.bad(
      `halted: ${reason}. Hosts touched: ${rollout.touchedAtHalt ?? rollout.touched} of ${rollout.counts.planned}`,
    );
  }

  #tellTarget(target: TargetView): void {
    const { hostname, state } = target;
    if (state === "healthy") this.#narrator.step(`${hostname}  healthy on ${target.toVersion}`);
    if (state === "restarting")
      this.#narrator.step(`${hostname}  downloaded, verified, staged; restarts into ${target.toVersion}`);
    if (state !== "failed" && state !== "rolled_back") return;
    this.#narrator.step(
      `${hostname}  ${state === "failed" ? "failed" : "rolled back by itself"}: ${target.message ?? target.code ?? ""}`,
    );
    if (target.outputTail) this.#narrator.quote(target.outputTail.split("\n").slice(-4).join("\n"));
  }

  #tellWave({ index, state, counts }: WaveView, count: number): void {
    if (this.#waves.get(index) === state) return;
    this.#waves.set(index, state);
    const name = `wave ${index + 1} of ${count}`;
    if (state === "open")
      this.#narrator.say(`${name} opens: ${counts.planned} ${counts.planned === 1 ? "host" : "hosts"}`);
    if (state === "passed") this.#narrator.good(`${name} passed: ${counts.healthy} healthy`);
  }
}
