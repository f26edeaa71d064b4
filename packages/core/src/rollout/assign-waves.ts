import type { Strategy, WaveEnd } from "./rollout.ts";

/**
 * How many of `total` agents each wave takes. A share is rounded down, but the first wave has one agent at least; waves
 * that would be empty are left out. One wave for strategies without waves; none for nobody.
 */
export function waveSizes(strategy: Strategy, total: number): readonly number[] {
  if (strategy.kind === "waves") return waveCuts(strategy.waves, total).map(({ size }) => size);
  return total === 0 ? [] : [total];
}

/** The waves of a plan that have agents in them, each with where it ends: a small cohort leaves some empty. */
export function waveCuts(
  waves: readonly WaveEnd[],
  total: number,
): readonly { readonly size: number; readonly end: WaveEnd }[] {
  const cuts: { size: number; end: WaveEnd }[] = [];
  let end = 0;
  for (const wave of waves) {
    // 29 percent of 100 is 28.999999999999996 without the addition.
    const asked = "count" in wave ? wave.count : Math.floor((total * wave.percent) / 100 + 1e-9);
    const next = Math.min(total, Math.max(asked, end, 1));
    if (next > end) cuts.push({ size: next - end, end: wave });
    end = next;
  }
  return cuts;
}

/**
 * The agents of each wave, in the order in which they are to be dispatched. The order is shuffled by rollout, so that no
 * host is everyone's canary, and the same each time it is worked out.
 */
export function assignWaves(
  strategy: Strategy,
  rolloutId: string,
  agentIds: readonly string[],
): readonly (readonly string[])[] {
  const seed = hash(rolloutId, 0x811c9dc5);
  const shuffled = agentIds
    .map((id) => ({ id, rank: hash(id, seed) }))
    .toSorted((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
  let start = 0;
  return waveSizes(strategy, agentIds.length).map((size) => {
    const members = shuffled.slice(start, start + size).map(({ id }) => id);
    start += size;
    return members;
  });
}

/** FNV-1a over UTF-16 code units, with MurmurHash3's finalizer so that ids in sequence do not stay in sequence. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
