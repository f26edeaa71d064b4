import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Version } from "@muster/core";
import { LocalServer } from "@muster/local-fleet";
import { createClient, type Client, type RolloutRequest, type RolloutView } from "@muster/protocol/http";
import type { Nature } from "../agent/nature.ts";
import { SimulatedFleet } from "../fleet/simulated-fleet.ts";
import { introduce } from "../wire/enrol.ts";
import { parseGatewayAddress } from "../wire/gateway-address.ts";
import { gatewayPorts } from "../wire/gateway-ports.ts";
import type { Cleanup } from "./cleanup.ts";
import { BENCH_PRODUCT, benchPlatform, makeSigning, publishRelease, type Signing } from "./releases.ts";

/** What every measure is given. */
export interface BenchTools {
  /** The repository's root. */
  readonly project: string;
  /** This program's file. */
  readonly program: string;
  /** Everything the bench writes but its report. */
  readonly folder: string;
  /** Of CPU profiles of the server; null: none are made. */
  readonly profileFolder: string | null;
  readonly cleanup: Cleanup;
  /** A line about what is being done. */
  readonly tell: (line: string) => void;
}

/** A real server in its own process, and a fleet for it in this one. */
export interface Ground {
  readonly server: LocalServer;
  readonly client: Client;
  readonly fleet: SimulatedFleet;
  readonly agents: number;
  serverPid(): number;
  /** Publishes the next version; 1.1.0 is the first. */
  publishNext(): Promise<Version>;
  /** Starts a rollout of a version to all. */
  roll(
    version: Version,
    request: Partial<RolloutRequest> & Pick<RolloutRequest, "strategy">,
  ): Promise<RolloutView>;
  /** Asks for a rollout until the condition holds. */
  until(id: string, condition: (rollout: RolloutView) => boolean): Promise<RolloutView>;
  /** Another process of the server, with the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A process that is down for half a second, and quick about the rest. */
export const BENCH_NATURE: Omit<Nature, "profile"> = {
  faultsIn: null,
  hesitateMs: 0,
  stageMs: 50,
  restartMs: 500,
};

/** Node's options that the server's package sets. */
const AS_PACKAGED = ["--max-semi-space-size=16"];
const ASK_EVERY_MS = 250;
const TELL_EVERY_MS = 2500;

export async function openGround(tools: BenchTools, agents: number): Promise<Ground> {
  const folder = join(tools.folder, `ground-${agents}-${Date.now()}`);
  const signing = makeSigning();
  const server = await startServer(tools, folder, signing);
  const client = createClient({ server: server.url, token: server.token });
  const { token } = await client.tokens.create({ maxUses: agents });
  const introduction = await introduce(parseGatewayAddress(server.gateway), token);
  const plan = { product: BENCH_PRODUCT, platform: benchPlatform(), labels: { bench: "yes" } };
  const profiles = Array.from({ length: agents }, () => ({ kind: "healthy" }) as const);
  const fleet = new SimulatedFleet(
    {
      ...plan,
      version: "1.0.0",
      anchor: signing.anchor,
      seed: 1,
      nature: BENCH_NATURE,
      profiles,
      firstNumber: 1,
    },
    gatewayPorts(introduction),
  );
  tools.cleanup.add(() => fleet.stop());
  let minor = 0;
  return {
    server,
    client,
    fleet,
    agents,
    serverPid: () => server.program.pid,
    publishNext: async () => {
      minor += 1;
      await publishRelease(client, `1.${minor}.0`, signing);
      return `1.${minor}.0`;
    },
    roll: (version, request) =>
      client.rollouts.create({ product: BENCH_PRODUCT, version, cohort: { kind: "all" }, ...request }),
    until: (id, condition) => watch({ client, tell: tools.tell }, id, condition),
    restart: async () => {
      await server.stop();
      await server.restart();
    },
    stop: async () => {
      fleet.stop();
      await server.stop();
    },
  };
}

async function startServer(tools: BenchTools, folder: string, { anchorFile }: Signing): Promise<LocalServer> {
  await mkdir(folder, { recursive: true });
  const trustAnchor = join(folder, "trust-anchor.json");
  await writeFile(trustAnchor, anchorFile);
  const { profileFolder } = tools;
  const profiling = profileFolder === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${resolve(profileFolder)}`];
  const server = await LocalServer.start({
    program: [
      process.execPath,
      ...AS_PACKAGED,
      ...profiling,
      join(tools.project, "apps/server/src/main.ts"),
      "--quiet",
    ],
    dataFolder: join(folder, "server"),
    trustAnchor,
  });
  tools.cleanup.add(() => server.stop("SIGKILL"));
  return server;
}

async function watch(
  { client, tell }: { readonly client: Client; readonly tell: BenchTools["tell"] },
  id: string,
  condition: (rollout: RolloutView) => boolean,
): Promise<RolloutView> {
  let toldAt = performance.now();
  for (;;) {
    const rollout = await client.rollouts.get(id);
    if (condition(rollout)) return rollout;
    if (performance.now() - toldAt >= TELL_EVERY_MS) {
      toldAt = performance.now();
      tell(`  ${rolloutLine(rollout)}`);
    }
    await sleep(ASK_EVERY_MS);
  }
}

function rolloutLine({ state, counts, waves, reason }: RolloutView): string {
  const open = waves.filter((wave) => wave.state === "open").map(({ index }) => index + 1);
  const wave = open.length > 0 ? `wave ${open.join(", ")} of ${waves.length}, ` : "";
  const { healthy, inProgress, pending, failed, rolledBack, silent } = counts;
  const faults = failed + rolledBack + silent > 0 ? `, ${failed + rolledBack} failed, ${silent} silent` : "";
  const why = reason === null ? "" : ` (${reason})`;
  return `${state}${why}: ${wave}${healthy} healthy, ${inProgress} under way, ${pending} pending${faults}`;
}
