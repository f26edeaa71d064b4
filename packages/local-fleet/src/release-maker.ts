import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { assetNames, platformOfNode } from "@muster/core";
import { type Behaviour, writePayload } from "./payload.ts";
import { Program } from "./program.ts";

export const PRODUCT = "acme-agent";

/** A release on disk, as `muster release build|sign` leaves it. */
export interface ReleaseFiles {
  readonly folder: string;
  readonly version: string;
  readonly manifest: string;
  readonly signatures: string;
  readonly archive: string;
}

export interface ReleaseWish {
  readonly version: string;
  readonly behaviour?: Behaviour;
  readonly channel?: string;
  readonly floor?: string;
  readonly paddingBytes?: number;
  /** Files of the private keys that sign it, in order. */
  readonly keys: readonly string[];
}

/** Runs the `muster` command to its end. */
export type Muster = (args: readonly string[]) => Program;

/** Builds releases the way a pipeline does: an archive, then `muster release build` and `sign`. */
export async function makeRelease(
  wish: ReleaseWish,
  tools: { readonly folder: string; readonly agentBundle: string; readonly muster: Muster },
): Promise<ReleaseFiles> {
  const platform = platformOfNode(process.platform, process.arch);
  const folder = join(tools.folder, wish.version);
  const payload = join(tools.folder, `${wish.version}.payload`);
  const archive = join(folder, assetNames.archive(PRODUCT, wish.version, platform));
  await mkdir(folder, { recursive: true });
  const { behaviour = "good", paddingBytes } = wish;
  await writePayload(payload, wish.version, {
    behaviour,
    agentBundle: tools.agentBundle,
    ...(paddingBytes !== undefined && { paddingBytes }),
  });
  await new Program(["tar", "-czf", archive, "-C", payload, "."]).success();
  await rm(payload, { recursive: true });
  await tools.muster(["release", "build", folder, ...buildFlags(wish)]).success();
  const manifest = join(folder, assetNames.manifest(PRODUCT));
  for (const key of wish.keys) await tools.muster(["release", "sign", folder, "--key", key]).success();
  return {
    folder,
    version: wish.version,
    manifest,
    signatures: join(folder, assetNames.signature(PRODUCT)),
    archive,
  };
}

function buildFlags(wish: ReleaseWish): readonly string[] {
  const flags = ["--product", PRODUCT, "--version", wish.version, "--entrypoint", "muster-agent.mjs"];
  flags.push("--channel", wish.channel ?? "stable", "--notes", `acme-agent ${wish.version}`);
  if (wish.floor !== undefined) flags.push("--floor", wish.floor);
  return flags;
}
