import type { TransitionTable } from "@muster/core";

/** How far an agent's stream has come. */
export type StreamState =
  | { readonly kind: "awaiting_hello" }
  /** The hello is being recorded; what it returns goes down before anything else. */
  | { readonly kind: "greeting"; readonly agentId: string }
  | { readonly kind: "open"; readonly agentId: string; readonly product: string }
  | { readonly kind: "closed"; readonly agentId: string | null };

export const STREAM_TRANSITIONS = {
  awaiting_hello: ["greeting", "closed"],
  greeting: ["open", "closed"],
  open: ["closed"],
  closed: [],
} as const satisfies TransitionTable<StreamState["kind"]>;
