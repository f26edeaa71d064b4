import { env } from "node:process";
import {
  asMusterError,
  hostLayout,
  platformOfNode,
  type AgentConfig,
  type HostLayout,
  type Platform,
  type Recovery,
} from "@muster/core";
import type { AgentOptions } from "./agent-options.ts";
import { commandCapabilities } from "./command/commands.ts";
import { dialGateway, type Dial } from "./connection/gateway-client.ts";
import { readBootId } from "./host/boot-id.ts";
import { ensureFolder } from "./host/files.ts";
import { readPolicy, type PolicyReading } from "./host/policy-file.ts";
import { createServiceNotifier, type ServiceNotifier } from "./host/service-notifier.ts";
import { createSystemClock } from "./host/system-clock.ts";
import { readAgentConfig } from "./identity/config-file.ts";
import { loadIdentity, type AgentIdentity } from "./identity/identity-store.ts";
import type { AgentClock, AgentLog, Random } from "./ports.ts";
import { SILENT_LOG } from "./silent-log.ts";
import { journalRecovery, readTrustAnchor } from "./update/host-facts.ts";
import { openUpdateStore, type UpdateStore } from "./update/update-store.ts";

/** An agent's files, read, and what it works with. */
export interface LoadedAgent {
  readonly options: AgentOptions;
  readonly layout: HostLayout;
  readonly platform: Platform;
  readonly config: AgentConfig;
  readonly clock: AgentClock;
  readonly random: Random;
  readonly log: AgentLog;
  readonly dial: Dial;
  readonly notifier: ServiceNotifier;
  readonly packageFolder: string | null;
  readonly capabilities: readonly string[];
  readonly bootId: string;
  readonly store: UpdateStore;
  /** How this host last left a version by itself, or null. */
  readonly recovery: Recovery | null;
  identity: AgentIdentity;
  policy: PolicyReading;
}

/** Reads what an agent needs to start; changes nothing but that its folders are there. */
export async function loadAgent(options: AgentOptions): Promise<LoadedAgent> {
  const { log = SILENT_LOG, random = Math.random, dial = dialGateway, clock = createSystemClock() } = options;
  const layout = hostLayout(options.root);
  const fromEnvironment = env["MUSTER_PACKAGE_DIR"] ?? null;
  const packageFolder = options.packageFolder === undefined ? fromEnvironment : options.packageFolder;
  const [config, identity, policy] = await Promise.all([
    readAgentConfig(layout.agentConfig),
    loadIdentity(layout),
    readPolicy(layout.policy),
    ensureFolder(layout.run),
  ]);
  const onProblem = (problem: { readonly code: string; readonly message: string }) =>
    log.error("what was taken before cannot be read", { code: problem.code, problem: problem.message });
  return {
    options,
    layout,
    platform: platformOfNode(process.platform, process.arch),
    config,
    clock,
    random,
    log,
    dial,
    notifier: options.notifier ?? createServiceNotifier(),
    packageFolder,
    capabilities: await capabilitiesOf(options, { packageFolder, log }),
    bootId: readBootId(clock),
    store: await openUpdateStore(layout, onProblem),
    recovery: await journalRecovery(layout),
    identity,
    policy,
  };
}

/** Without a good trust anchor the agent runs, but says that it cannot be updated. */
async function capabilitiesOf(
  options: AgentOptions,
  { packageFolder, log }: { readonly packageFolder: string | null; readonly log: AgentLog },
): Promise<readonly string[]> {
  const commands = commandCapabilities({
    status: () => ({}),
    ...(options.onLogLevel && { setLogLevel: options.onLogLevel }),
    ...(options.onRestart && { restart: options.onRestart }),
  });
  try {
    await readTrustAnchor(packageFolder);
    return ["update", ...commands];
  } catch (error) {
    const { code, message } = asMusterError(error, "TRUST_ANCHOR_INVALID");
    log.warn("updates are off", { code, problem: message });
    return commands;
  }
}
