import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  createClient,
  type Client,
  type RolloutRequest,
  type RolloutView,
  type TargetView,
} from "@muster/protocol/http";
import { assembleHostPackage, type HostPackage } from "./host-package.ts";
import { LocalHost } from "./local-host.ts";
import { LocalServer, type ServerPlace } from "./local-server.ts";
import { Program, until } from "./program.ts";
import { makeRelease, PRODUCT, type ReleaseFiles, type ReleaseWish } from "./release-maker.ts";

export interface FleetOptions {
  /** The repository's root, where `dist/host` and the programs are. */
  readonly project: string;
  /** Everything the fleet writes goes below it. */
  readonly folder: string;
  /** Signatures a release needs; as many keys are made. One unless told. */
  readonly threshold?: number;
  /** Where the server runs; on this machine unless given. */
  readonly place?: ServerPlace;
}

export interface HostOptions {
  /** Where the hosts find the gateway; the server's own unless told. */
  readonly gateway?: string;
  readonly labels?: (name: string) => Readonly<Record<string, string>>;
  /** Who starts the payload: Muster's supervisor, unless told, or the launcher as systemd runs it. */
  readonly by?: "supervisor" | "launcher";
}

/** A server and hosts on this machine, all of them real processes, each with its own folder. */
export class LocalFleet {
  readonly server: LocalServer;
  readonly client: Client;
  readonly hosts: LocalHost[] = [];
  readonly package: HostPackage;
  /** Files of the private release keys; all of them are in the trust anchor. */
  readonly keys: readonly string[];
  readonly folder: string;
  /** The server's file; the hosts' package has a copy of its own. */
  readonly trustAnchor: string;
  readonly #options: FleetOptions;

  private constructor(
    options: FleetOptions,
    parts: { readonly server: LocalServer; readonly package: HostPackage; readonly keys: readonly string[] },
  ) {
    this.#options = options;
    this.folder = options.folder;
    this.server = parts.server;
    this.package = parts.package;
    this.keys = parts.keys;
    this.trustAnchor = trustAnchorOf(options);
    this.client = createClient({ server: parts.server.url, token: parts.server.token });
  }

  static async start(options: FleetOptions): Promise<LocalFleet> {
    await mkdir(join(options.folder, "keys"), { recursive: true });
    const { keys, anchor } = await makeKeys(options);
    const parts = { bundles: join(options.project, "dist/host"), trustAnchor: await readFile(anchor) };
    const hostPackage = await assembleHostPackage(join(options.folder, "package"), parts);
    const server = await LocalServer.start({
      program: [process.execPath, join(options.project, "apps/server/src/main.ts")],
      dataFolder: join(options.folder, "server"),
      trustAnchor: anchor,
      ...(options.place !== undefined && { place: options.place }),
    });
    return new LocalFleet(options, { server, package: hostPackage, keys });
  }

  /** The `muster` command, signed in as the administrator. */
  muster(args: readonly string[]): Program {
    const env = { MUSTER_SERVER: this.server.url, MUSTER_TOKEN: this.server.token };
    return new Program(musterCommand(this.#options.project, args), { env });
  }

  /** Builds and signs a release; with all keys unless the wish names some. */
  make(wish: Omit<ReleaseWish, "keys"> & { readonly keys?: readonly string[] }): Promise<ReleaseFiles> {
    const tools = {
      folder: join(this.folder, "releases"),
      agentBundle: this.package.agent,
      muster: (args: readonly string[]) => this.muster(args),
    };
    return makeRelease({ keys: this.keys, ...wish }, tools);
  }

  async publish(release: ReleaseFiles): Promise<void> {
    await this.muster(["release", "publish", release.folder]).success();
  }

  /** New hosts with `seed` installed, enrolled and started. Resolves when they are connected. */
  async addHosts(
    names: readonly string[],
    seed: ReleaseFiles,
    options: HostOptions = {},
  ): Promise<readonly LocalHost[]> {
    const { gateway = this.server.gateway, labels = () => ({}), by = "supervisor" } = options;
    const { token } = await this.client.tokens.create({ maxUses: names.length });
    const added = await Promise.all(
      names.map(async (name) => {
        const host = new LocalHost(name, join(this.folder, "hosts", name), this.package);
        this.hosts.push(host);
        await host.seed(seed);
        await host.enrol({ gateway, token, labels: labels(name) });
        if (by === "supervisor") host.start();
        else host.launch();
        return host;
      }),
    );
    await until(`${names.join(", ")} online`, () => this.#areOnline(names));
    return added;
  }

  /** Starts a rollout of a version to everyone, unless the request says otherwise. */
  roll(version: string, request: Partial<RolloutRequest> = {}): Promise<RolloutView> {
    const base = {
      product: PRODUCT,
      version,
      cohort: { kind: "all" },
      strategy: { kind: "immediate" },
    } as const;
    return this.client.rollouts.create({ ...base, ...request });
  }

  /** Waits until a rollout has ended, or has halted with nothing under way. */
  settled(id: string, timeoutMs = 90_000): Promise<RolloutView> {
    return until(
      `rollout ${id} to settle`,
      async () => {
        const rollout = await this.client.rollouts.get(id);
        const waits =
          rollout.state === "running" || rollout.state === "scheduled" || rollout.state === "rolling_back";
        return !waits && rollout.counts.inProgress === 0 && rollout;
      },
      { timeoutMs, everyMs: 150 },
    );
  }

  async targets(id: string): Promise<readonly TargetView[]> {
    return (await this.client.rollouts.targets(id, { limit: 500 })).items;
  }

  async #areOnline(names: readonly string[]): Promise<boolean> {
    const { items } = await this.client.agents.list({ online: "true", limit: 500 });
    const online = new Set(items.map(({ hostname }) => hostname));
    return names.every((name) => online.has(name));
  }

  /** Ends every process; the folder is the caller's. */
  async stop(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.stop()));
    await this.server.stop();
  }
}

function musterCommand(project: string, args: readonly string[]): readonly [string, ...string[]] {
  return [process.execPath, join(project, "apps/cli/src/main.ts"), ...args];
}

function trustAnchorOf({ folder }: Pick<FleetOptions, "folder">): string {
  return join(folder, "trust-anchor.json");
}

async function makeKeys({ project, folder, threshold = 1 }: FleetOptions) {
  const names = Array.from({ length: threshold }, (_, index) => `release-${index + 1}`);
  const run = (args: readonly string[]) => new Program(musterCommand(project, args)).success();
  const pathOf = (name: string) => join(folder, "keys", name);
  for (const name of names) await run(["release", "keygen", name, "--out", pathOf(name)]);
  const anchor = trustAnchorOf({ folder });
  const publicKeys = names.map((name) => `${pathOf(name)}.pub`);
  await run(["release", "anchor", ...publicKeys, "--threshold", String(threshold), "--out", anchor]);
  return { keys: names.map((name) => `${pathOf(name)}.key`), anchor };
}

/** A folder of its own below the system's temporary one, removed by `dispose`. */
export async function temporaryFolder(
  prefix: string,
): Promise<{ path: string; dispose: () => Promise<void> }> {
  const path = await mkdtemp(join(process.env["TMPDIR"] ?? "/tmp", `${prefix}-`));
  return { path, dispose: () => rm(path, { recursive: true, force: true }) };
}
