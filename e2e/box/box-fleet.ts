import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { LocalFleet, PRODUCT, type ReleaseFiles, temporaryFolder, until } from "@muster/local-fleet";
import { PROJECT } from "../fleet.ts";
import { Box } from "./box.ts";
import { BoxHost } from "./box-host.ts";
import type { HardwareOptions } from "./hardware.ts";
import { requireBoxes } from "./needs.ts";
import { BoxNetwork } from "./network.ts";
import { runOk } from "./run.ts";

/** Any time will do, as long as it is the same for all packages of a test. */
const BUILD_TIME_S = "1767225600";

/** A server, and boxes on its network in which the agent's package is installed and enrolled. */
export class BoxFleet {
  readonly fleet: LocalFleet;
  readonly network: BoxNetwork;
  readonly #cleanUp: AsyncDisposableStack;

  private constructor(fleet: LocalFleet, network: BoxNetwork, cleanUp: AsyncDisposableStack) {
    this.fleet = fleet;
    this.network = network;
    this.#cleanUp = cleanUp;
  }

  static async start(cleanUp: AsyncDisposableStack): Promise<BoxFleet> {
    requireBoxes();
    const folder = await temporaryFolder("muster-e2e-boxes");
    cleanUp.defer(folder.dispose);
    const network = await BoxNetwork.open(folder.path);
    cleanUp.defer(() => network.close());
    const place = {
      within: (command: readonly [string, ...string[]]) => network.within(command),
      address: network.address,
      forward: (port: number) => network.forward(port),
    };
    const fleet = await LocalFleet.start({ project: PROJECT, folder: join(folder.path, "fleet"), place });
    cleanUp.defer(() => fleet.stop());
    return new BoxFleet(fleet, network, cleanUp);
  }

  /** Builds a package, the agent's unless told, as `npm run package` does, but quickly; gives its file. */
  async package(version: string, seed: ReleaseFiles, name: "agent" | "server" = "agent"): Promise<string> {
    const out = join(this.fleet.folder, "packages", `${name}-${version}-${seed.version}`);
    await mkdir(out, { recursive: true });
    const options = ["--package", name, "--format", "deb", "--compression", "none", "--rebuild"];
    const inputs = ["--trust-anchor", this.fleet.trustAnchor, "--seed", seed.folder, "--version", version];
    const program = [process.execPath, join(PROJECT, "packaging/main.ts")] as const;
    await runOk([
      "env",
      `SOURCE_DATE_EPOCH=${BUILD_TIME_S}`,
      ...program,
      ...inputs,
      ...options,
      "--out",
      out,
    ]);
    const [deb] = (await readdir(out)).filter((file) => file.endsWith(".deb"));
    if (deb === undefined) throw new Error(`no package was built in ${out}`);
    return join(out, deb);
  }

  /** A box that was never heard of, with nothing installed. */
  async addBox(name: string, options: Omit<HardwareOptions, "network"> = {}): Promise<BoxHost> {
    const box = await Box.up(name, { ...options, network: this.network });
    this.#cleanUp.defer(() => box.remove());
    return new BoxHost(box);
  }

  /** A box with the package, enrolled with a token. Resolves when it is connected. */
  async addHost(name: string, deb: string, options: Omit<HardwareOptions, "network"> = {}): Promise<BoxHost> {
    const host = await this.addBox(name, options);
    await host.install(deb);
    // What an installation leaves unsynced is on the disk some seconds later; no test is about those.
    await host.box.sh("sync");
    await this.enrol(host);
    return host;
  }

  async enrol(host: BoxHost): Promise<void> {
    const { token } = await this.fleet.client.tokens.create({ maxUses: 1 });
    const { gateway } = this.fleet.server;
    await host.box.sh(`muster-agent enroll --server ${gateway} --token ${token} --product ${PRODUCT}`);
    await until(`${host.name} online`, () => this.isOnline(host));
  }

  /** Whether the control plane has the host's stream now. */
  async isOnline({ name }: { readonly name: string }): Promise<boolean> {
    const { items } = await this.fleet.client.agents.list({ online: "true", limit: 500 });
    return items.some(({ hostname }) => hostname === name);
  }
}
