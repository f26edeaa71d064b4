import type { HostState, ProbationLimits } from "@muster/core";
import { until, type Behaviour, type ReleaseFiles } from "@muster/local-fleet";
import type { AgentView, RolloutRequest, TargetView } from "@muster/protocol/http";
import { expect } from "vitest";
import { BoxFleet } from "../box/box-fleet.ts";
import type { BoxHost } from "../box/box-host.ts";
import type { HardwareOptions } from "../box/hardware.ts";
import { agentIdOf, knownVersion, LIMITS, publishGood, updateOne } from "../fleet.ts";

const FREEZE_ATTEMPTS = 6;

/** How a scenario is told in the table of all of them. */
export interface Told {
  readonly scenario: string;
  readonly injected: string;
  /** What the control plane says came of it. */
  readonly said: string;
  /** When it was injected, as `performance.now()` has it. */
  readonly since: number;
}

/** One host in a box with the package and version 1.0.0, and a server that knows it. */
export class Scene {
  readonly boxes: BoxFleet;
  readonly host: BoxHost;
  readonly seed: ReleaseFiles;
  /** Of the package in version 0.1.0. */
  readonly deb: string;
  #minor = 0;

  private constructor(parts: Pick<Scene, "boxes" | "host" | "seed" | "deb">) {
    this.boxes = parts.boxes;
    this.host = parts.host;
    this.seed = parts.seed;
    this.deb = parts.deb;
  }

  static async set(
    cleanUp: AsyncDisposableStack,
    name: string,
    options: Omit<HardwareOptions, "network"> = {},
  ): Promise<Scene> {
    const boxes = await BoxFleet.start(cleanUp);
    const seed = await publishGood(boxes.fleet, "1.0.0");
    const deb = await boxes.package("0.1.0", seed);
    const host = await boxes.addHost(name, deb, options);
    return new Scene({ boxes, host, seed, deb });
  }

  get fleet() {
    return this.boxes.fleet;
  }

  async publish(version: string, behaviour: Behaviour = "good", paddingBytes?: number): Promise<void> {
    const padding = paddingBytes === undefined ? {} : { paddingBytes };
    await this.fleet.publish(await this.fleet.make({ version, behaviour, ...padding }));
  }

  /** Rolls a version out to the host and waits for the end. */
  async update(version: string, request: Partial<RolloutRequest> = {}): Promise<TargetView> {
    return (await updateOne(this.fleet, this.host, version, request)).target;
  }

  /** Starts a rollout to the host and gives its id. */
  async start(version: string, request: Partial<RolloutRequest> = {}): Promise<string> {
    const cohort = { kind: "agents" as const, ids: [await agentIdOf(this.fleet, this.host)] };
    return (await this.fleet.roll(version, { cohort, limits: LIMITS, ...request })).id;
  }

  /** Waits for the end of a rollout to the host. */
  async ended(id: string): Promise<TargetView> {
    const { state } = await this.fleet.settled(id);
    const [target] = await this.fleet.targets(id);
    if (target === undefined) throw new Error("the rollout has no target");
    if (state === "paused") await this.fleet.client.rollouts.act(id, "cancel");
    return target;
  }

  /**
   * Rolls versions out until the host stands still in the moment in which its journal says `state`: some of them last a
   * few milliseconds. The caller cuts or thaws the box.
   */
  async frozenAt(state: HostState["kind"], behaviour: Behaviour, limits: ProbationLimits = LIMITS) {
    for (let attempt = 0; attempt < FREEZE_ATTEMPTS; attempt += 1) {
      const before = await this.host.currentVersion();
      const version = this.nextVersion();
      await this.publish(version, behaviour);
      const { frozen } = await this.host.freezeAt(state);
      const id = await this.start(version, { limits });
      if (await frozen) return { id, before, version };
      await this.host.box.thaw();
      await this.ended(id);
      await this.host.atRest();
    }
    throw new Error(`${FREEZE_ATTEMPTS} updates have not been ${state} for long enough to be seen`);
  }

  /** One that was not there before. */
  nextVersion(): string {
    this.#minor += 1;
    return `1.${this.#minor}.0`;
  }

  /** What the control plane knows of the host. */
  async agent(): Promise<AgentView> {
    return this.fleet.client.agents.get(await agentIdOf(this.fleet, this.host));
  }

  /** Waits until the host's target of a rollout is in one of these states. */
  async targetIs(id: string, ...states: readonly TargetView["state"][]): Promise<void> {
    await until(
      `the target to be ${states.join(" or ")}`,
      async () => {
        const [target] = await this.fleet.targets(id);
        return target !== undefined && states.includes(target.state);
      },
      { everyMs: 50 },
    );
  }
}

/** What must be true after everything, whatever was done to the host. Prints the scenario's row of the table. */
export async function assertGood(scene: Scene, version: string, told: Told): Promise<void> {
  const { host, fleet } = scene;
  const { scenario, injected, said, since } = told;
  const now = async () => ({
    running: await host.runningVersion(),
    connected: ((await host.health())?.connectedSinceMs ?? null) !== null,
    known: await knownVersion(fleet, host),
    online: await scene.boxes.isOnline(host),
  });
  const wanted = { running: version, connected: true, known: version, online: true };
  await expect.poll(now, { timeout: 30_000, interval: 100 }).toEqual(wanted);
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  await host.atRest();
  expect(await host.currentVersion()).toBe(version);
  expect(await host.runningVersion()).toBe(version);
  expect(await host.changedPackageFiles()).toBe("");
  expect(await host.failedUnits()).toEqual([]);
  await until("nothing left over", async () => (await host.leftovers()).length === 0);
  console.log(`TABLE | ${scenario} | ${injected} | ${version} | ${said} | ${seconds} |`);
}

/** What the control plane says of a target, in one line. */
export function wordsOf({ state, code, survivingVersion }: TargetView): string {
  return [state, code, survivingVersion].filter((word) => word !== null).join(" ");
}
