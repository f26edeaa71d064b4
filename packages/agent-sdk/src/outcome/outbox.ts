import { readdir } from "node:fs/promises";
import {
  acknowledgedDecoder,
  asMusterError,
  idDecoder,
  isPackageTarget,
  outcomeDecoder,
  parse,
  type HostLayout,
  type MusterError,
  type Outcome,
} from "@muster/core";
import { createQueue } from "../queue.ts";
import {
  ensureFolder,
  errnoOf,
  hostStep,
  readIfThere,
  READABLE_FILE,
  removeFile,
  replaceFile,
} from "../host/files.ts";

/** An outcome's tail and messages are bounded; this is well above. */
const OUTCOME_MAX_BYTES = 262_144;
/** Acknowledged outcomes that the updater has not yet removed. */
const ACKNOWLEDGED_MAX = 256;

/** How updates ended, until the gateway knows: the updater's outcomes, and the agent's own. */
export interface Outbox {
  /** Keeps an outcome of the agent's own; durable when it resolves. */
  keep(outcome: Outcome): Promise<void>;
  /** Everything not acknowledged yet, by target. One that cannot be read is left out and told to `onProblem` once. */
  pending(): Promise<ReadonlyMap<string, Outcome>>;
  /** The gateway has it: it is never sent again. Idempotent. */
  acknowledge(targetId: string): Promise<void>;
}

export function createOutbox(
  layout: HostLayout,
  onProblem: (path: string, problem: MusterError) => void,
): Outbox {
  const own = `${layout.run}/outbox`;
  const told = new Set<string>();
  // Two acknowledgements at once must not write over each other.
  const inTurn = createQueue();

  async function readFrom(folder: string): Promise<Map<string, Outcome>> {
    const outcomes = new Map<string, Outcome>();
    for (const targetId of await targetIdsIn(folder)) {
      const path = `${folder}/${targetId}.json`;
      const outcome = await readOutcome(path);
      if (outcome?.targetId === targetId && !isPackageTarget(targetId)) outcomes.set(targetId, outcome);
    }
    return outcomes;
  }

  async function readOutcome(path: string): Promise<Outcome | null> {
    try {
      const bytes = await readIfThere(path, OUTCOME_MAX_BYTES);
      return bytes === null
        ? null
        : parse.decodeJson(outcomeDecoder, bytes.toString("utf8"), "OUTCOME_INVALID");
    } catch (error) {
      if (!told.has(path)) onProblem(path, asMusterError(error, "OUTCOME_INVALID"));
      told.add(path);
      return null;
    }
  }

  async function acknowledged(): Promise<Set<string>> {
    const bytes = await readIfThere(layout.acknowledged, OUTCOME_MAX_BYTES * 32);
    if (bytes === null) return new Set();
    try {
      const { targetIds } = parse.decodeJson(acknowledgedDecoder, bytes.toString("utf8"), "OUTCOME_INVALID");
      return new Set(targetIds);
    } catch (error) {
      // Sending an outcome twice does no harm.
      onProblem(layout.acknowledged, asMusterError(error, "OUTCOME_INVALID"));
      return new Set();
    }
  }

  async function settle(targetId: string): Promise<void> {
    parse.decode(idDecoder, targetId, "OUTCOME_INVALID");
    const left = await targetIdsIn(layout.outcomes);
    if (left.includes(targetId)) {
      const still = [...(await acknowledged())].filter((id) => left.includes(id) && id !== targetId);
      const targetIds = [...still, targetId].slice(-ACKNOWLEDGED_MAX);
      const rules = { mode: READABLE_FILE, durable: true };
      await ensureFolder(layout.run);
      await replaceFile(layout.acknowledged, `${JSON.stringify({ schema: 1, targetIds })}\n`, rules);
    }
    if ((await targetIdsIn(own)).includes(targetId)) await removeFile(`${own}/${targetId}.json`);
  }

  return {
    keep: async (outcome) => {
      await ensureFolder(own);
      const rules = { mode: READABLE_FILE, durable: true };
      await replaceFile(`${own}/${outcome.targetId}.json`, `${JSON.stringify(outcome)}\n`, rules);
    },
    pending: async () => {
      const done = await acknowledged();
      const outcomes = new Map([...(await readFrom(own)), ...(await readFrom(layout.outcomes))]);
      for (const targetId of done) outcomes.delete(targetId);
      return outcomes;
    },
    acknowledge: (targetId) => inTurn(() => settle(targetId)),
  };
}

async function targetIdsIn(folder: string): Promise<readonly string[]> {
  const names = await hostStep(folder, async () => {
    try {
      return await readdir(folder);
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return [];
      throw error;
    }
  });
  return names
    .filter((name) => /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.json$/.test(name))
    .map((name) => name.slice(0, -5));
}
