import { mkdirSync, writeFileSync } from "node:fs";
import { hostLayout, type HostLayout } from "@muster/core";
import { seed } from "../commands/seed.ts";
import {
  createSigner,
  writeAssets,
  type FixtureOptions,
  type FixtureRelease,
  type Signer,
} from "./release-fixture.ts";
import { simulatedHost, type SimulatedHost, type SimulatedOptions } from "./simulated-host.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface PreparedHost extends SimulatedHost {
  readonly layout: HostLayout;
  readonly packageFolder: string;
  readonly signer: Signer;
  /** A release whose entrypoint is all it has. */
  readonly release: (version: string, options?: Partial<FixtureOptions>) => Promise<FixtureRelease>;
  /** The same host as another process, perhaps after another boot, sees it. */
  readonly again: (options: Partial<SimulatedOptions>) => SimulatedHost;
}

/** A simulated host on which 1.0.0 is installed. */
export async function preparedHost(options: Partial<SimulatedOptions> = {}): Promise<PreparedHost> {
  const folder = temporaryFolder();
  const packageFolder = `${folder}/package`;
  const signer = createSigner();
  mkdirSync(packageFolder);
  writeFileSync(`${packageFolder}/trust-anchor.json`, signer.anchor);
  const simulated = (more: Partial<SimulatedOptions>) =>
    simulatedHost({ root: `${folder}/root`, packageFolder, behaviours: {}, ...options, ...more });
  const release = (version: string, more: Partial<FixtureOptions> = {}) =>
    signer.release({ version, files: { "agent.mjs": { content: `// ${version}\n` } }, ...more });
  writeAssets(`${folder}/first`, await release("1.0.0"));
  const { host, ...first } = simulated({});
  await seed(host, [`${folder}/first`]);
  return {
    ...first,
    host,
    layout: hostLayout(`${folder}/root`),
    packageFolder,
    signer,
    release,
    again: simulated,
  };
}
