import { useSyncExternalStore } from "react";
import { type Liveness, liveness } from "../live/liveness.ts";
import css from "./live-badge.module.css";
import { useNow, useServices } from "./services.ts";

/** How far the figures on the page can be trusted now. */
export function LiveBadge() {
  const { live } = useServices();
  const status = useSyncExternalStore(live.subscribe, live.status);
  const state = liveness({ ...status, heardAt: live.status().heardAt }, useNow());
  return (
    <span className={css["badge"]} data-kind={state.kind} title={EXPLANATION[state.kind]}>
      <span className={css["dot"]} aria-hidden="true" />
      <span>{wording(state)}</span>
      <output className="visually-hidden">{EXPLANATION[state.kind]}</output>
    </span>
  );
}

const EXPLANATION: Readonly<Record<Liveness["kind"], string>> = {
  live: "The figures on this page are live.",
  reconnecting: "Connecting to the server for live figures.",
  stale: "No word from the server; the figures on this page may be out of date.",
};

function wording(state: Liveness): string {
  return state.kind === "stale" ? `stale ${state.seconds} s` : state.kind;
}
