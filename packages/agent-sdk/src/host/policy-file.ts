import {
  asMusterError,
  localPolicyDecoder,
  OPEN_POLICY,
  parse,
  type LocalPolicy,
  type MusterError,
} from "@muster/core";
import { readIfThere } from "./files.ts";

const POLICY_MAX_BYTES = 65_536;

/** The local policy as it stands. While the file cannot be read nothing is installed, and `problem` says why. */
export interface PolicyReading {
  readonly policy: LocalPolicy;
  readonly problem: MusterError | null;
}

/** Reads `policy.json`; without one everything is allowed. Never throws. */
export async function readPolicy(path: string): Promise<PolicyReading> {
  try {
    const text = (await readIfThere(path, POLICY_MAX_BYTES))?.toString("utf8") ?? "{}";
    return { policy: parse.decodeJson(localPolicyDecoder, text, "POLICY_INVALID"), problem: null };
  } catch (error) {
    return { policy: { ...OPEN_POLICY, updates: false }, problem: asMusterError(error, "POLICY_INVALID") };
  }
}
