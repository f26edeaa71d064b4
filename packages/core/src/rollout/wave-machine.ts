import { MusterError } from "../errors.ts";
import { WAVE_TRANSITIONS, type Wave, type WaveState } from "./rollout.ts";

export type WaveEvent =
  | { readonly kind: "open" }
  | { readonly kind: "settle"; readonly until: number }
  | { readonly kind: "pass" }
  | { readonly kind: "fail" };

/** The state after an event; throws `WAVE_TRANSITION_INVALID` for one that the state does not allow. */
export function transitionWave(state: WaveState, event: WaveEvent): WaveState {
  const next = after(event);
  const allowed: readonly WaveState["kind"][] = WAVE_TRANSITIONS[state.kind];
  if (!allowed.includes(next.kind)) {
    throw new MusterError("WAVE_TRANSITION_INVALID", { state: state.kind, event: event.kind });
  }
  return next;
}

/** The wave after an event at `now`. Throws `WAVE_TRANSITION_INVALID`. */
export function changeWave(wave: Wave, event: WaveEvent, now: number): Wave {
  const state = transitionWave(wave.state, event);
  return { ...wave, state, since: now, openedAt: wave.openedAt ?? (event.kind === "open" ? now : null) };
}

function after(event: WaveEvent): WaveState {
  switch (event.kind) {
    case "open":
      return { kind: "open" };
    case "settle":
      return { kind: "settling", until: event.until };
    case "pass":
      return { kind: "passed" };
    case "fail":
      return { kind: "failed" };
  }
}
