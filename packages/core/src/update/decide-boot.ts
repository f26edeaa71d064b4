import type { ErrorCode } from "../errors.ts";
import type { Version } from "../release/version.ts";
import type { HostEvent } from "./host-machine.ts";
import type { HostState, HostTime, Journal, Probation } from "./host.ts";
import { look, newProbation, startOnce, type Sighting } from "./probation.ts";

/**
 * A version's tree as it stands on the disk. `intact`: its files match a manifest that enough trusted keys signed.
 * `unverified`: they match their manifest, but its signatures cannot be verified (the trust anchor is damaged, or was
 * replaced). `broken`: anything else.
 */
export interface ObservedTree {
  readonly version: Version;
  readonly tree: "intact" | "unverified" | "broken";
}

/** What a boot decision looks at besides the journal. */
export interface Observed extends Sighting {
  /** `boot`: the payload is about to be started. `watch`: an updater, the only one, looks at what runs. */
  readonly trigger: "boot" | "watch";
  /** Whether an updater other than the caller is at work. */
  readonly updaterActive: boolean;
  /** What `current` and `last-good` point at; null for no link, or one to anything but a version. */
  readonly current: ObservedTree | null;
  readonly lastGood: ObservedTree | null;
  /** The version that the package brings and that verifies, if it does. */
  readonly seed: Version | null;
}

/** Where `current` can point so that something starts. */
export interface WayBack {
  readonly source: "current" | "last_good" | "seed";
  readonly version: Version;
}

type StateOf<K extends HostState["kind"]> = HostState & { readonly kind: K };

export type BootAction =
  /** Write the event down, then decide again. */
  | { readonly kind: "advance"; readonly event: HostEvent }
  /** Write `record` down, if there is one, then run what `current` points at. Ends a boot's decision, and a watch. */
  | {
      readonly kind: "start";
      readonly version: Version;
      readonly verified: boolean;
      readonly record: HostEvent | null;
    }
  /** Write `record` down, if there is one, and look again later. Only for `watch`. */
  | { readonly kind: "wait"; readonly record: HostEvent | null }
  /** What `current` points at cannot run: point it elsewhere, then decide again. */
  | { readonly kind: "heal"; readonly to: WayBack }
  /** The update was cut off before its switch: leave the outcome, write `abandoned` down, then decide again. */
  | { readonly kind: "abandon"; readonly state: StateOf<"staged"> }
  /** Leave the good outcome, write `finalized` down, then decide again. */
  | { readonly kind: "finalize"; readonly state: StateOf<"committed"> }
  /** Go back (null: there is nowhere to go, so stay), leave the outcome, write `rolled_back` down, then decide again. */
  | { readonly kind: "roll_back"; readonly state: StateOf<"rolling_back">; readonly to: WayBack | null }
  /** Nothing on this host can be started: `HOST_NO_VERSION`. */
  | { readonly kind: "no_version" };

/** How often a watch writes down the time that passed, so that little is lost when it is killed. */
const RECORD_EVERY_MS = 2000;

/**
 * What to do at a start of the payload, or at a look of the updater that waits for it. It ends, whatever the journal
 * says and wherever an update was cut off: carrying the action out and deciding again comes to `start` (or `wait`, or
 * `no_version`) within a few rounds.
 */
export function decideBoot(journal: Journal, observed: Observed, now: HostTime): BootAction {
  const { state } = journal;
  switch (state.kind) {
    case "steady":
      return runOrHeal(observed, null);
    case "staged":
      return observed.trigger === "boot" && observed.updaterActive
        ? runOrHeal(observed, null)
        : { kind: "abandon", state };
    case "activating":
      return resumeSwitch(state, observed, now);
    case "probation":
      return onProbation(state, observed, now);
    case "committed":
      return { kind: "finalize", state };
    case "rolling_back":
      return { kind: "roll_back", state, to: wayBack(observed, state.attempt.toVersion) };
  }
}

function runOrHeal(observed: Observed, record: HostEvent | null): BootAction {
  const to = wayBack(observed, null);
  if (to === null) return { kind: "no_version" };
  if (to.source !== "current") return { kind: "heal", to };
  return { kind: "start", version: to.version, verified: observed.current?.tree === "intact", record };
}

/** The last thing a switch does is to move `current`: if it stands, the switch was made, else it is undone. */
function resumeSwitch({ attempt }: StateOf<"activating">, observed: Observed, now: HostTime): BootAction {
  const { current } = observed;
  if (current?.version === attempt.toVersion && current.tree !== "broken") {
    return { kind: "advance", event: { kind: "switched", probation: newProbation(now) } };
  }
  return failed("UPDATE_INTERRUPTED", "the updater ended before the switch");
}

function onProbation(state: StateOf<"probation">, observed: Observed, now: HostTime): BootAction {
  const { attempt, probation } = state;
  const { current } = observed;
  if (current?.version !== attempt.toVersion) {
    return failed("UPDATE_INTERRUPTED", `current points at ${current?.version ?? "nothing"}`);
  }
  if (current.tree === "broken") {
    return failed("ARCHIVE_TREE_MISMATCH", "the installed files are damaged");
  }
  if (observed.trigger === "watch") return watch(state, observed, now);
  if (probation.boots >= attempt.limits.maxBoots) {
    return failed("PROBATION_CRASHED", `it ended ${probation.boots} times after it was started`);
  }
  return runOrHeal(observed, { kind: "observed", probation: startOnce(probation, now) });
}

function watch({ attempt, probation }: StateOf<"probation">, observed: Observed, now: HostTime): BootAction {
  const { probation: next, verdict } = look(attempt, probation, observed, now);
  switch (verdict.kind) {
    case "stable":
      return { kind: "advance", event: { kind: "committed", probation: next } };
    case "failed":
      return { kind: "advance", event: { kind: "failed", cause: verdict.cause } };
    case "pending":
      return {
        kind: "wait",
        record: worthWriting(probation, next) ? { kind: "observed", probation: next } : null,
      };
  }
}

function worthWriting(before: Probation, after: Probation): boolean {
  return (
    before.bootId !== after.bootId ||
    before.healthySinceMs !== after.healthySinceMs ||
    after.lastSeenMs - before.lastSeenMs >= RECORD_EVERY_MS
  );
}

/**
 * What can run, best first: verified before unverified, what is there before what must be moved to. `avoided` is the
 * version to get away from.
 */
function wayBack({ current, lastGood, seed }: Observed, avoided: Version | null): WayBack | null {
  const candidates = [
    at("current", current, "intact"),
    at("last_good", lastGood, "intact"),
    seed === null ? null : ({ source: "seed", version: seed } as const),
    at("current", current, "unverified"),
    at("last_good", lastGood, "unverified"),
  ];
  return candidates.find((candidate) => candidate !== null && candidate.version !== avoided) ?? null;
}

function at(
  source: "current" | "last_good",
  observed: ObservedTree | null,
  tree: ObservedTree["tree"],
): WayBack | null {
  return observed?.tree === tree ? { source, version: observed.version } : null;
}

function failed(code: ErrorCode, message: string): BootAction {
  return { kind: "advance", event: { kind: "failed", cause: { code, message } } };
}
