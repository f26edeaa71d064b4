export type { AgentOptions, AgentStatus, RunningAgent } from "./agent-options.ts";
export type { LogLevel } from "./command/commands.ts";
export type { ConnectionState } from "./connection/connection-state.ts";
export { readEnrolmentBundle, type EnrolmentBundle } from "./enrol/bundle.ts";
export { enrolHost, type EnrolledHost, type EnrolmentOptions } from "./enrol/enrol-host.ts";
export { readHostStatus, type HostStatus } from "./host/host-status.ts";
export type { AgentClock, AgentLog, LogFields, Random, SelfCheck, SelfCheckResult } from "./ports.ts";
export { startAgent } from "./start-agent.ts";
export type { UpdateState } from "./update/update-state.ts";
