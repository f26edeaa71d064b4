import { MusterError } from "../errors.ts";
import { oneOf } from "../parse/decode.ts";

/** Operating systems, by Go's names, which release tools share. */
export const OPERATING_SYSTEMS = ["linux", "darwin", "windows", "freebsd"] as const;
/** Processor architectures, by Go's names. */
export const ARCHITECTURES = ["amd64", "arm64", "arm", "386", "riscv64", "ppc64le", "s390x"] as const;

export type OperatingSystem = (typeof OPERATING_SYSTEMS)[number];
export type Architecture = (typeof ARCHITECTURES)[number];

export interface Platform {
  readonly os: OperatingSystem;
  readonly arch: Architecture;
}

export const osDecoder = oneOf(OPERATING_SYSTEMS);
export const archDecoder = oneOf(ARCHITECTURES);

const NODE_OS: ReadonlyMap<string, OperatingSystem> = new Map([["win32", "windows"]]);
const NODE_ARCH: ReadonlyMap<string, Architecture> = new Map([
  ["x64", "amd64"],
  ["ia32", "386"],
  ["ppc64", "ppc64le"],
]);

/** The platform of a host from Node's `process.platform` and `process.arch`, or `UPDATE_PLATFORM_MISMATCH`. */
export function platformOfNode(platform: string, arch: string): Platform {
  const os = NODE_OS.get(platform) ?? platform;
  const cpu = NODE_ARCH.get(arch) ?? arch;
  const known = {
    os: OPERATING_SYSTEMS.find((name) => name === os),
    arch: ARCHITECTURES.find((name) => name === cpu),
  };
  if (!known.os || !known.arch) throw new MusterError("UPDATE_PLATFORM_MISMATCH", { os, arch: cpu });
  return { os: known.os, arch: known.arch };
}
