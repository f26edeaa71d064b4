const UNITS = [
  ["w", 604_800_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

const AGE = /^(?:\d{1,15}(?:ms|[smhdw]))+$/;

/** A time such as `90s`, `1h30m` or `2w`, in milliseconds; null for what is none. */
export function parseAge(text: string): number | null {
  if (!AGE.test(text)) return null;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g)) {
    const [, size] = UNITS.find(([name]) => name === unit) ?? ["", 0];
    total += Number(count) * size;
  }
  return Number.isSafeInteger(total) ? total : null;
}

/** The same as text, in the largest unit that says it exactly. */
export function printAge(ms: number): string {
  const [unit, size] = UNITS.find(([, unitMs]) => ms % unitMs === 0) ?? ["ms", 1];
  return ms === 0 ? "0s" : `${ms / size}${unit}`;
}
