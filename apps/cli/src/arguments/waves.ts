import { WAVE_PRESETS, type WaveEnd } from "@muster/core";
import { parseShareOrCount } from "./numbers.ts";
import { usage } from "./usage.ts";

/**
 * Where waves end: `5%,25%,100%`, numbers of agents mixed in, or a preset like `5/25/100`. Whether they rise and reach
 * everybody is the server's to check too; here it is checked as far as it shows without the cohort.
 */
export function parseWaves(text: string): readonly WaveEnd[] {
  if (isPreset(text)) return WAVE_PRESETS[text];
  if (text.includes("/")) throw usage(`The presets are ${Object.keys(WAVE_PRESETS).join(" and ")}.`);
  const waves = text.split(",").map((part) => parseShareOrCount(part.trim()));
  waves.reduce((before, wave) => {
    if (!rises(before, wave)) throw usage("Each wave must end later than the one before it.");
    return wave;
  });
  const last = waves.at(-1);
  if (!last || !("percent" in last) || last.percent !== 100) throw usage("The last wave must be 100%.");
  return waves;
}

function isPreset(text: string): text is keyof typeof WAVE_PRESETS {
  return Object.hasOwn(WAVE_PRESETS, text);
}

/** Ends of different kinds cannot be compared without the cohort. */
function rises(before: WaveEnd, wave: WaveEnd): boolean {
  if ("percent" in before && "percent" in wave) return wave.percent > before.percent;
  if ("count" in before && "count" in wave) return wave.count > before.count;
  return true;
}
