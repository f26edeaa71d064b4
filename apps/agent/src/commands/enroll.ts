import { enrolHost, readEnrolmentBundle, type EnrolmentBundle } from "@muster/agent-sdk";
import { MusterError } from "@muster/core";

export const ENROLL_FLAGS = {
  server: { type: "string" },
  token: { type: "string" },
  product: { type: "string" },
  label: { type: "string", multiple: true },
  hostname: { type: "string" },
  bundle: { type: "string" },
  force: { type: "boolean" },
} as const;

export interface EnrollFlags {
  readonly root: string;
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  readonly product?: string | undefined;
  readonly label?: readonly string[] | undefined;
  readonly hostname?: string | undefined;
  readonly bundle?: string | undefined;
  readonly force?: boolean | undefined;
}

/** Makes this host an agent, and says what came of it. */
export async function enroll(flags: EnrollFlags): Promise<void> {
  const bundle: EnrolmentBundle =
    flags.bundle === undefined ? { ignoredTrustMembers: [] } : await readEnrolmentBundle(flags.bundle);
  const server = required("server", flags.server ?? bundle.server);
  const token = required("token", flags.token ?? bundle.token);
  const product = flags.product ?? bundle.product;
  const labels = labelsOf(flags.label) ?? bundle.labels;
  const host = await enrolHost({
    root: flags.root,
    server,
    token,
    force: flags.force ?? false,
    ...(product !== undefined && { product }),
    ...(labels !== undefined && { labels }),
    ...(flags.hostname !== undefined && { hostname: flags.hostname }),
  });
  say(`Enrolled as ${host.agentId} for ${host.product} at ${server}.`);
  say(`Configuration: ${host.configPath}`);
  for (const name of [...bundle.ignoredTrustMembers, ...host.ignoredTrustMembers]) {
    say(
      `Ignored: "${name}". What may run here is decided by the keys that the package brings, and by no others.`,
    );
  }
}

function required(name: string, value: string | undefined): string {
  if (value === undefined) throw new MusterError("USAGE_INVALID", { problem: `--${name} is missing` });
  return value;
}

function labelsOf(pairs: readonly string[] | undefined): Record<string, string> | undefined {
  return pairs && Object.fromEntries(pairs.map(labelOf));
}

function labelOf(pair: string): readonly [string, string] {
  const cut = pair.indexOf("=");
  if (cut < 1) throw new MusterError("USAGE_INVALID", { problem: "a label reads KEY=VALUE", label: pair });
  return [pair.slice(0, cut), pair.slice(cut + 1)];
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
