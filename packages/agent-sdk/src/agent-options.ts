import type { HealthReport, LocalPolicy, Version } from "@muster/core";
import type { LogLevel } from "./command/commands.ts";
import type { ConnectionState } from "./connection/connection-state.ts";
import type { Dial } from "./connection/gateway-client.ts";
import type { ServiceNotifier } from "./host/service-notifier.ts";
import type { AgentClock, AgentLog, Random, SelfCheck } from "./ports.ts";
import type { UpdateState } from "./update/update-state.ts";

export interface AgentOptions {
  /** The product's state folder on this host. */
  readonly root: string;
  /** The version that runs. */
  readonly version: Version;
  /** What must hold for this version to count as healthy, besides its connection. */
  readonly selfChecks?: readonly SelfCheck[];
  readonly log?: AgentLog;
  /**
   * The folder of the package that started this agent; `MUSTER_PACKAGE_DIR` if left out. Without one, or with a damaged
   * trust anchor in it, the agent runs but takes no updates.
   */
  readonly packageFolder?: string | null;
  /** Ends the process so that it is started again; without it the agent cannot be told to. */
  readonly onRestart?: () => void;
  /** Without it the agent cannot be told how much to log. */
  readonly onLogLevel?: (level: LogLevel) => void;
  /** Something that `status` shows has changed. */
  readonly onChange?: (status: AgentStatus) => void;
  /** Told that the agent works and lives; that of this process if left out. */
  readonly notifier?: ServiceNotifier;
  readonly clock?: AgentClock;
  readonly random?: Random;
  readonly dial?: Dial;
}

export interface AgentStatus {
  readonly agentId: string;
  readonly product: string;
  readonly version: Version;
  readonly gateway: string;
  readonly connection: ConnectionState;
  readonly update: UpdateState;
  readonly policy: LocalPolicy;
  /** Why the policy cannot be read; updates are off until it can. */
  readonly policyProblem: string | null;
  readonly checks: HealthReport["checks"];
  /** Milliseconds since 1970. */
  readonly certificateExpiresAt: number;
}

export interface RunningAgent {
  status(): AgentStatus;
  /** Leaves the gateway; what is under way goes on in the next process. */
  stop(): Promise<void>;
}
