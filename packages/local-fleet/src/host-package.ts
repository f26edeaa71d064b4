import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What a package installs on a host, in a folder: the updater, the agent's command and the trust anchor. */
export interface HostPackage {
  readonly folder: string;
  readonly updater: string;
  readonly agent: string;
}

/** Puts a package together from the built bundles and an anchor. */
export async function assembleHostPackage(
  folder: string,
  parts: { readonly bundles: string; readonly trustAnchor: Uint8Array },
): Promise<HostPackage> {
  await mkdir(folder, { recursive: true });
  const updater = join(folder, "muster-updater.mjs");
  const agent = join(folder, "muster-agent.mjs");
  await copyFile(join(parts.bundles, "muster-updater.mjs"), updater);
  await copyFile(join(parts.bundles, "muster-agent.mjs"), agent);
  await writeFile(join(folder, "VERSION"), "0.0.0\n");
  await writeFile(join(folder, "trust-anchor.json"), parts.trustAnchor);
  return { folder, updater, agent };
}
