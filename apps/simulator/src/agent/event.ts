import type { MusterError } from "@muster/core";
import type { AgentReport } from "@muster/protocol/agent";
import type { AgentState, Job, Refusal } from "./agent-state.ts";

/** What happens to a simulated agent. */
export type AgentEvent =
  | { readonly kind: "start" }
  | { readonly kind: "welcomed" }
  /** The connection broke, or could not be made. */
  | { readonly kind: "cut" }
  /** To go, and to connect again after the delay. */
  | { readonly kind: "reconnect"; readonly delayMs: number }
  | { readonly kind: "assigned"; readonly job: Job }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "cancel"; readonly targetId: string }
  | { readonly kind: "acknowledged"; readonly targetId: string }
  | { readonly kind: "downloaded" }
  | { readonly kind: "download_failed"; readonly problem: MusterError }
  /** What `wait` asked for. */
  | { readonly kind: "due" };

/** What a simulated agent does. Times are milliseconds. */
export type AgentEffect =
  /** Opens a stream after the delay, which takes the place of any other that was to be opened. */
  | { readonly kind: "connect"; readonly afterMs: number }
  /** Ends the stream, when what was sent has left. */
  | { readonly kind: "disconnect" }
  /** Dropped if there is no stream. */
  | { readonly kind: "send"; readonly report: AgentReport }
  /** `downloaded` or `download_failed` follows. In the middle it stands still for `pauseMs`. */
  | { readonly kind: "download"; readonly job: Job; readonly afterMs: number; readonly pauseMs: number }
  /** `due` follows, unless another wait or `drop_work` comes before. */
  | { readonly kind: "wait"; readonly ms: number }
  /** Ends the download and the wait. */
  | { readonly kind: "drop_work" };

export interface Step {
  readonly state: AgentState;
  readonly effects: readonly AgentEffect[];
}
