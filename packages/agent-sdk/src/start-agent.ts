import { asMusterError, type HealthReport } from "@muster/core";
import type { AgentReport, GatewayOrder, HelloReport } from "@muster/protocol/agent";
import type { AgentOptions, AgentStatus, RunningAgent } from "./agent-options.ts";
import { answerCommand, type CommandPorts } from "./command/commands.ts";
import { LONGEST_WAIT_MS, probationWaitMs } from "./connection/backoff.ts";
import { createArtifactClient } from "./connection/artifact-client.ts";
import { createConnection, type Connection } from "./connection/connection.ts";
import { callGateway, type TlsIdentity } from "./connection/gateway-client.ts";
import { createHeartbeats, type Heartbeats } from "./connection/heartbeats.ts";
import { startRenewal } from "./connection/renewal.ts";
import { agentHostname } from "./host/hostname.ts";
import { writeHealth } from "./host/health-file.ts";
import { readPolicy } from "./host/policy-file.ts";
import { runSelfChecks } from "./host/self-checks.ts";
import { createTelemetry, freeBytes } from "./host/telemetry.ts";
import { loadAgent, type LoadedAgent } from "./load-agent.ts";
import { createOutbox } from "./outcome/outbox.ts";
import { createOutcomeReporter, type OutcomeReporter } from "./outcome/outcome-reporter.ts";
import { startPulse, type Pulse } from "./pulse.ts";
import { journalProbation } from "./update/host-facts.ts";
import { UpdateRunner } from "./update/update-runner.ts";

/** How often the host is looked at; the updater believes a health report for three times as long. */
const LOOK_MS = 5000;
/** While an update is the updater's, its outcome and the new version's health are waited for. */
const LOOK_CLOSELY_MS = 500;

/**
 * Starts an agent: it connects to its gateway and stays connected, reports, and takes updates up to the handoff.
 * Resolves before it is connected. Throws `ENROLMENT_MISSING`, `AGENT_CONFIG_INVALID`, `CERTIFICATE_INVALID`,
 * `UPDATE_PLATFORM_MISMATCH`, `FILE_NOT_READABLE` or `HOST_FILE_FAILED`.
 */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const agent = new Agent(await loadAgent(options));
  await agent.start();
  return { status: () => agent.status(), stop: () => agent.stop() };
}

/** The parts of a running agent, and who tells whom. */
class Agent {
  readonly #agent: LoadedAgent;
  readonly #connection: Connection;
  readonly #heartbeats: Heartbeats;
  readonly #outcomes: OutcomeReporter;
  readonly #runner: UpdateRunner;
  readonly #commands: CommandPorts;
  #checks: HealthReport["checks"] = [];
  #longestWaitMs = LONGEST_WAIT_MS;
  #looks: Pulse | null = null;
  #renewal: { stop(): void } | null = null;

  constructor(agent: LoadedAgent) {
    this.#agent = agent;
    const { clock, random, log, layout, config, options } = agent;
    const send = (report: AgentReport) => this.#connection.send(report);
    const outbox = createOutbox(layout, (path, { code, message }) => log.error(message, { code, path }));
    const onOutcome = ({ targetId }: { readonly targetId: string }) => void this.#runner.ended(targetId);
    this.#outcomes = createOutcomeReporter({ outbox, log, send, onOutcome });
    this.#runner = new UpdateRunner({
      ...agent,
      version: options.version,
      freeBytes,
      agentId: config.agentId,
      product: config.product,
      assignmentKey: () => agent.identity.assignmentKey,
      policy: () => readPolicy(layout.policy),
      fetch: createArtifactClient(config.gateway, () => tlsIdentity(agent)),
      report: (progress) => {
        send({ kind: "progress", progress });
        this.#changed();
      },
      keep: (outcome) => outbox.keep(outcome),
      reportOutcomes: () => this.#outcomes.flush(),
      hasOutcome: async (targetId) => (await outbox.pending()).has(targetId),
    });
    const telemetry = createTelemetry(layout.root);
    const policy = () => agent.policy.policy;
    this.#heartbeats = createHeartbeats({ clock, random, log, telemetry, policy, send });
    this.#connection = createConnection({
      ...agent,
      address: config.gateway,
      longestWaitMs: () => this.#longestWaitMs,
      identity: () => tlsIdentity(agent),
      hello: () => helloOf(agent),
      onOrder: (order) => this.#obey(order),
      onOpen: (intervalMs) => this.#opened(intervalMs),
      onClosed: () => this.#closed(),
    });
    this.#commands = {
      status: () => ({ ...this.status() }),
      ...(options.onLogLevel && { setLogLevel: options.onLogLevel }),
      ...(options.onRestart && { restart: options.onRestart }),
    };
  }

  async start(): Promise<void> {
    const { clock, config } = this.#agent;
    await this.#runner.resume();
    await this.#observeProbation();
    this.#connection.start();
    this.#agent.notifier.ready();
    const intervalMs = () => (this.#runner.state.kind === "handed_over" ? LOOK_CLOSELY_MS : LOOK_MS);
    this.#looks = startPulse(clock, () => this.#look(), intervalMs);
    this.#renewal = startRenewal({
      ...this.#agent,
      identity: () => this.#agent.identity,
      call: (request, identity) => callGateway("renew", request, { address: config.gateway, identity }),
      onRenewed: (identity) => {
        this.#agent.identity = identity;
        this.#connection.renew();
      },
    });
  }

  async stop(): Promise<void> {
    this.#renewal?.stop();
    this.#heartbeats.pause();
    this.#connection.stop();
    await Promise.all([this.#looks?.stop(), this.#runner.stop()]);
  }

  status(): AgentStatus {
    const { config, options, policy, identity } = this.#agent;
    return {
      agentId: config.agentId,
      product: config.product,
      version: options.version,
      gateway: config.gateway,
      connection: this.#connection.state(),
      update: this.#runner.state,
      policy: policy.policy,
      policyProblem: policy.problem?.message ?? null,
      checks: this.#checks,
      certificateExpiresAt: identity.expiresAt,
    };
  }

  #changed(): void {
    this.#agent.options.onChange?.(this.status());
  }

  #opened(heartbeatIntervalMs: number): void {
    const { log, config, policy } = this.#agent;
    log.info("connected", { gateway: config.gateway });
    this.#heartbeats.begin(heartbeatIntervalMs, policy.policy);
    this.#outcomes.opened();
    this.#runner.repeat();
    this.#looks?.poke();
    this.#changed();
  }

  #closed(): void {
    this.#heartbeats.pause();
    this.#looks?.poke();
    this.#changed();
  }

  #obey(order: GatewayOrder): void {
    if (order.kind === "assign") void this.#runner.assign(order);
    else if (order.kind === "cancel") void this.#runner.cancel(order.targetId);
    else if (order.kind === "outcome_acknowledged") void this.#outcomes.acknowledged(order.targetId);
    else if (order.kind === "command") {
      this.#connection.send({ kind: "command_result", result: answerCommand(order, this.#commands) });
    } else this.#agent.log.debug("order without effect here", { kind: order.kind });
  }

  async #look(): Promise<void> {
    const { clock, options } = this.#agent;
    this.#checks = await runSelfChecks(options.selfChecks ?? [], clock);
    await keepHealth(this.#agent, this.#connection, this.#checks);
    if (await rereadPolicy(this.#agent)) {
      this.#changed();
      await this.#heartbeats.beat();
    }
    await this.#outcomes.flush();
    await this.#observeProbation();
    this.#agent.notifier.alive();
  }

  async #observeProbation(): Promise<void> {
    const limits = await journalProbation(this.#agent.layout);
    this.#longestWaitMs = limits === null ? LONGEST_WAIT_MS : probationWaitMs(limits);
  }
}

async function keepHealth(
  { layout, clock, bootId, options, log }: LoadedAgent,
  connection: Connection,
  checks: HealthReport["checks"],
): Promise<void> {
  const state = connection.state();
  const report: HealthReport = {
    schema: 1,
    version: options.version,
    bootId,
    pid: process.pid,
    writtenAtMs: clock.monotonicMs(),
    connectedSinceMs: state.kind === "open" ? state.sinceMs : null,
    checks,
  };
  try {
    await writeHealth(layout, report);
  } catch (error) {
    log.error("health cannot be written", { problem: asMusterError(error).message });
  }
}

/** Whether the policy is another than before. */
async function rereadPolicy(agent: LoadedAgent): Promise<boolean> {
  const before = agent.policy;
  const now = await readPolicy(agent.layout.policy);
  agent.policy = now;
  if (now.problem && now.problem.message !== before.problem?.message) {
    const { code, message } = now.problem;
    agent.log.error("updates are off: the local policy cannot be read", { code, problem: message });
  }
  return JSON.stringify(now.policy) !== JSON.stringify(before.policy);
}

function tlsIdentity({ identity }: LoadedAgent): TlsIdentity {
  return { ca: identity.ca, key: identity.key, certificate: identity.certificate };
}

function helloOf({ config, options, platform, policy, recovery, ...agent }: LoadedAgent): HelloReport {
  const { lastSequence, update } = agent.store.taken;
  return {
    agentId: config.agentId,
    hostname: config.hostname ?? agentHostname(),
    product: config.product,
    version: options.version,
    os: platform.os,
    arch: platform.arch,
    labels: config.labels ?? {},
    capabilities: agent.capabilities,
    policy: policy.policy,
    bootId: agent.bootId,
    sentAt: agent.clock.now(),
    lastSequence,
    targetId: update?.targetId ?? null,
    timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...(recovery && {
      recovery: { fromVersion: recovery.fromVersion, toVersion: recovery.toVersion, at: recovery.at },
    }),
  };
}
