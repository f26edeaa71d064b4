import { readdir, readFile, readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { hostLayout, type HostLayout } from "@muster/core";
import type { HostPackage } from "./host-package.ts";
import { processesOf, type HostProcess } from "./host-processes.ts";
import { Program } from "./program.ts";
import { PRODUCT, type ReleaseFiles } from "./release-maker.ts";

/** One host: a state folder of its own, and what keeps its payload running as a real process. */
export class LocalHost {
  readonly name: string;
  readonly layout: HostLayout;
  readonly #package: HostPackage;
  #program: Program | null = null;

  constructor(name: string, root: string, hostPackage: HostPackage) {
    this.name = name;
    this.layout = hostLayout(root);
    this.#package = hostPackage;
  }

  /** Installs the first version, verified like any other. */
  seed(release: ReleaseFiles): Promise<string> {
    return this.updater(["seed", release.archive, release.manifest, release.signatures]).success();
  }

  enrol(options: {
    readonly gateway: string;
    readonly token: string;
    readonly labels?: Readonly<Record<string, string>>;
  }): Promise<string> {
    const labels = Object.entries(options.labels ?? {}).flatMap(([key, value]) => [
      "--label",
      `${key}=${value}`,
    ]);
    return this.agent([
      "enroll",
      "--server",
      options.gateway,
      "--token",
      options.token,
      "--product",
      PRODUCT,
      "--hostname",
      this.name,
      ...labels,
    ]).success();
  }

  /** Starts the supervisor, which keeps the payload running. */
  start(): Program {
    this.#program = this.updater(["supervise"]);
    return this.#program;
  }

  /** Starts the payload as a unit of systemd does: the launcher becomes it, and nothing else stays. */
  launch(): Program {
    this.#program = this.updater(["launch"]);
    return this.#program;
  }

  /** Ends what was started: the supervisor, and with it the agent. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.#program?.stop(signal);
    this.#program = null;
  }

  get supervisor(): Program {
    if (!this.#program) throw new Error(`${this.name} is not started`);
    return this.#program;
  }

  /** Everything that runs for this host at the moment. */
  processes(): Promise<readonly HostProcess[]> {
    return processesOf(this.layout.root);
  }

  /** A command of the package's updater on this host. */
  updater(args: readonly string[]): Program {
    return new Program([process.execPath, this.#package.updater, ...args, "--root", this.layout.root]);
  }

  /** A command of the package's agent on this host. */
  agent(args: readonly string[]): Program {
    return new Program([process.execPath, this.#package.agent, ...args, "--root", this.layout.root]);
  }

  /** The version that `current` leads to. */
  async currentVersion(): Promise<string> {
    return basename(await readlink(this.layout.current));
  }

  async installedVersions(): Promise<readonly string[]> {
    return (await readdir(this.layout.versions)).toSorted();
  }

  /** What the updater left behind in its private folder and what the agent left in staging. */
  async leftovers(): Promise<readonly string[]> {
    const found = await Promise.all(
      [this.layout.temporary, this.layout.staging].map(async (folder) =>
        (await readdir(folder).catch(() => [])).map((name) => join(folder, name)),
      ),
    );
    return found.flat();
  }

  read(path: string): Promise<string> {
    return readFile(join(this.layout.root, path), "utf8");
  }
}
