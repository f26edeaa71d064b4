import {
  array,
  integer,
  literal,
  number,
  object,
  oneOf,
  reject,
  variants,
  type Decoder,
} from "../parse/decode.ts";
import type { FailurePolicy, Strategy, WaveEnd } from "./rollout.ts";

const MONTH_MS = 30 * 86_400_000;
const WAVES_MAX = 50;
const COUNT_MAX = 1_000_000;

/** More than 0 and at most 100. */
export const percentDecoder: Decoder<number> = (value, path) => {
  const share = number({ min: 0, max: 100 })(value, path);
  return share > 0 ? share : reject(path, "must be more than 0");
};

const byCount = object({ count: integer({ min: 1, max: COUNT_MAX }) });
const byPercent = object({ percent: percentDecoder });

/** A number of agents or a share of them. */
export const thresholdDecoder: Decoder<FailurePolicy["threshold"]> = (value, path) => {
  if (typeof value !== "object" || value === null) reject(path, "must be {count} or {percent}");
  return "count" in value ? byCount(value, path) : byPercent(value, path);
};

const wavesDecoder: Decoder<readonly WaveEnd[]> = (value, path) => {
  const waves = array(thresholdDecoder, { min: 1, max: WAVES_MAX })(value, path);
  for (const [index, wave] of waves.entries()) checkRise(waves[index - 1], wave, `${path}[${index}]`);
  const last = waves.at(-1);
  if (!last || !("percent" in last) || last.percent < 100) {
    reject(`${path}[${waves.length - 1}]`, "must be {percent: 100}: the last wave reaches everyone");
  }
  return waves;
};

/** Counts and shares cannot be compared before the cohort is known, so counts come first: 1, 10, 25 %, 100 %. */
function checkRise(before: WaveEnd | undefined, wave: WaveEnd, path: string): void {
  if (!before) return;
  if ("count" in wave) {
    if (!("count" in before)) reject(path, "must be a percent: waves by count come before those by percent");
    if (wave.count <= before.count) reject(path, `must be more than the wave before, ${before.count}`);
  } else if ("percent" in before && wave.percent <= before.percent) {
    reject(path, `must be more than the wave before, ${before.percent} percent`);
  }
}

const kinds = variants({
  immediate: object({ kind: literal("immediate") }),
  batches: object({
    kind: literal("batches"),
    size: integer({ min: 1, max: COUNT_MAX }),
    // Without a delay there are no batches.
    delayMs: integer({ min: 1, max: MONTH_MS }),
  }),
  waves: object({
    kind: literal("waves"),
    waves: wavesDecoder,
    settleMs: integer({ max: MONTH_MS }),
    approval: oneOf(["automatic", "manual", "two_people"]),
  }),
});

export const strategyDecoder: Decoder<Strategy> = (value, path) => kinds(value, path);
