import { asMusterError, MusterError, type BootAction, type Observed, type WayBack } from "@muster/core";
import { restoreConfig } from "../config/restore.ts";
import { pointLink } from "../fs/durable.ts";
import { recordEvent } from "../journal/journal-store.ts";
import { failedOutcome, healthyOutcome, rolledBackOutcome } from "../outcomes/outcome-of.ts";
import { readOutcome, writeOutcome } from "../outcomes/outcome-store.ts";
import type { Host } from "../ports.ts";
import { installSeed } from "../seed/install-seed.ts";
import { packagedSeed } from "../seed/packaged-seed.ts";
import { linkedVersion, linkTo } from "../versions/links.ts";
import { tailOf } from "../versions/output-tail.ts";

interface Round {
  readonly host: Host;
  readonly trigger: Observed["trigger"];
}

type Executor<K extends BootAction["kind"]> = (
  round: Round,
  action: BootAction & { readonly kind: K },
) => void | Promise<void>;

/**
 * What each action of a boot decision means on the disk. Every one can be cut off anywhere and be carried out again: what
 * comes last is what the next decision goes by. Called with the journal's lock held.
 */
const EXECUTORS: { readonly [K in BootAction["kind"]]: Executor<K> } = {
  advance: ({ host }, { event }) => {
    recordEvent(host, event);
    if (event.kind === "failed") host.say(`going back: ${event.cause.code}: ${event.cause.message}`);
    if (event.kind === "committed") host.say("the new version is healthy");
  },
  start: ({ host }, { record }) => {
    if (record !== null) recordEvent(host, record);
  },
  wait: ({ host }, { record }) => {
    if (record !== null) recordEvent(host, record);
  },
  heal: async ({ host }, { to }) => {
    host.say(`what current points at cannot run: healing to ${to.version} (${to.source})`);
    await goTo(host, to);
  },
  abandon: ({ host }, { state }) => {
    // What failed may have left its own outcome before it was cut off.
    if (readOutcome(host, state.attempt.targetId) === null)
      writeOutcome(
        host,
        failedOutcome(state.attempt, new MusterError("UPDATE_INTERRUPTED"), host.clock.now()),
      );
    recordEvent(host, { kind: "abandoned" });
  },
  finalize: ({ host }, { state }) => {
    writeOutcome(host, healthyOutcome(state, host.clock.now()));
    recordEvent(host, { kind: "finalized" });
  },
  roll_back: rollBack,
  no_version: () => {},
};

/** Carries out one action. Throws `HOST_FILE_FAILED`, `DISK_SHORT`, and for a seed the codes of `stageRelease`. */
export async function carryOut<K extends BootAction["kind"]>(
  round: Round,
  action: BootAction & { readonly kind: K },
): Promise<void> {
  const execute: Executor<K> = EXECUTORS[action.kind];
  await execute(round, action);
}

async function rollBack(
  { host, trigger }: Round,
  { state, to }: BootAction & { readonly kind: "roll_back" },
): Promise<void> {
  const { attempt, probation } = state;
  const returns = probation !== null && to !== null;
  if (to !== null) await goTo(host, to);
  // At a boot nothing runs yet. The bad version must be gone before the configuration is put back.
  if (returns && trigger === "watch") await host.service.stop();
  const problem = returns ? restored(host, attempt.fromVersion, attempt.toVersion) : "";
  const nowhere = to === null ? "there is no other version to go back to" : "";
  const outcome = rolledBackOutcome(
    state,
    {
      survivingVersion: linkedVersion(host.layout.current),
      outputTail: tailOf(host.service.output(), attempt.toVersion),
      note: [nowhere, problem].filter((text) => text !== "").join("; "),
    },
    host.clock.now(),
  );
  writeOutcome(host, outcome);
  recordEvent(host, { kind: "rolled_back" });
}

/** Brings the configuration back; an old version with a newer configuration is better than none, so this never throws. */
function restored(host: Host, of: string | null, leaving: string): string {
  if (of === null) return "";
  try {
    restoreConfig(host, { of, leaving });
    return "";
  } catch (error) {
    const { code, message } = asMusterError(error);
    host.say(`the configuration could not be restored: ${code}: ${message}`);
    return `the configuration could not be restored: ${message}`;
  }
}

async function goTo(host: Host, { source, version }: WayBack): Promise<void> {
  const { fs, layout } = host;
  if (source === "last_good") pointLink(fs, layout.current, linkTo(version));
  if (source !== "seed") return;
  const seed = packagedSeed(host);
  // It was there when the decision was made: the next one will see that it is gone.
  if (seed !== null) await installSeed(host, seed);
}
