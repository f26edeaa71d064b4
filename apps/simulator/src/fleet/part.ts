import type { Census } from "./census.ts";

/** Some of the agents of a run, in this process or in another. */
export interface FleetPart {
  /** Enrols its agents. */
  enrol(): Promise<void>;
  /** Connects them; resolves when all are welcomed. */
  connect(): Promise<void>;
  census(): Promise<Census>;
  /** Ends its agents, and its process if it has one of its own. Idempotent. */
  stop(): Promise<void>;
}
