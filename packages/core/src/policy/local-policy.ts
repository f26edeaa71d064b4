import { MusterError } from "../errors.ts";
import { array, boolean, object, optional } from "../parse/decode.ts";
import { nameDecoder, type Manifest } from "../release/manifest.ts";
import { compareVersions, versionDecoder, type Version } from "../release/version.ts";

/** What the owner of a host allows; it wins over the control plane. A field that is absent allows. */
export interface LocalPolicy {
  readonly updates: boolean;
  /** Channels that may be installed; absent: any. */
  readonly channels?: readonly string[];
  readonly minimumVersion?: Version;
  /** While true nothing is installed; unlike `updates: false` it is meant to end. */
  readonly maintenance: boolean;
}

export const OPEN_POLICY: LocalPolicy = { updates: true, maintenance: false };

const fields = object({
  updates: optional(boolean),
  channels: optional(array(nameDecoder, { max: 32 })),
  minimumVersion: optional(versionDecoder),
  maintenance: optional(boolean),
});

/** Decodes `policy.json`; what it does not say is allowed. */
export const localPolicyDecoder = (value: unknown, path: string): LocalPolicy => ({
  ...OPEN_POLICY,
  ...fields(value, path),
});

/** Throws the policy's refusal of a release: a `POLICY_…` code; returns if the policy allows it. */
export function requireAllowedByPolicy(
  policy: LocalPolicy,
  manifest: Pick<Manifest, "channel" | "version">,
): void {
  if (!policy.updates) throw new MusterError("POLICY_UPDATES_DISABLED");
  if (policy.maintenance) throw new MusterError("POLICY_MAINTENANCE");
  if (policy.channels && !policy.channels.includes(manifest.channel)) {
    throw new MusterError("POLICY_CHANNEL_FORBIDDEN", {
      channel: manifest.channel,
      allowed: policy.channels,
    });
  }
  if (policy.minimumVersion !== undefined && compareVersions(manifest.version, policy.minimumVersion) < 0) {
    throw new MusterError("POLICY_VERSION_BELOW_MINIMUM", {
      version: manifest.version,
      minimum: policy.minimumVersion,
    });
  }
}
