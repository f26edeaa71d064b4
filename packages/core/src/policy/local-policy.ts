import { MusterError } from "../errors.ts";
import { array, boolean, object, oneOf, optional } from "../parse/decode.ts";
import { nameDecoder, type Manifest } from "../release/manifest.ts";
import { compareVersions, versionDecoder, type Version } from "../release/version.ts";

/** What the owner of a host allows; it wins over the control plane. A field that is absent allows. */
export interface LocalPolicy {
  readonly updates: boolean;
  /** Channels that may be installed, at least one; absent: any. */
  readonly channels?: readonly string[];
  readonly minimumVersion?: Version;
  /** While true nothing is installed; unlike `updates: false` it is meant to end. */
  readonly maintenance: boolean;
  /** Whether a newer version that the package brings is installed, as an update like any other; absent: `never`. */
  readonly packageSeed?: "never" | "newer";
}

export const OPEN_POLICY: LocalPolicy = { updates: true, maintenance: false };

const fields = object({
  updates: optional(boolean),
  channels: optional(array(nameDecoder, { min: 1, max: 32 })),
  minimumVersion: optional(versionDecoder),
  maintenance: optional(boolean),
  packageSeed: optional(oneOf(["never", "newer"])),
});

/** Decodes `policy.json`; what it does not say is allowed. */
export const localPolicyDecoder = (value: unknown, path: string): LocalPolicy => ({
  ...OPEN_POLICY,
  ...fields(value, path),
});

/** The policy's refusal of a release, a `POLICY_…` error; null if it allows it. */
export function policyRefusal(
  policy: LocalPolicy,
  { channel, version }: Pick<Manifest, "channel" | "version">,
): MusterError | null {
  if (!policy.updates) return new MusterError("POLICY_UPDATES_DISABLED");
  if (policy.maintenance) return new MusterError("POLICY_MAINTENANCE");
  const { channels, minimumVersion: minimum } = policy;
  if (channels && !channels.includes(channel)) {
    return new MusterError("POLICY_CHANNEL_FORBIDDEN", { channel, allowed: channels });
  }
  if (minimum !== undefined && compareVersions(version, minimum) < 0) {
    return new MusterError("POLICY_VERSION_BELOW_MINIMUM", { version, minimum });
  }
  return null;
}

/** Returns if the policy allows the release; else throws its refusal. */
export function requireAllowedByPolicy(
  policy: LocalPolicy,
  release: Pick<Manifest, "channel" | "version">,
): void {
  const refusal = policyRefusal(policy, release);
  if (refusal) throw refusal;
}
