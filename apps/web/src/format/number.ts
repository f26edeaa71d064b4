const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A count with its thousands apart: `2,341`. */
export function count(value: number): string {
  return WHOLE.format(value);
}

/** A count with its noun: `1 agent`, `2,341 agents`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/**
 * A share in whole percent that never lies at the ends: something is never 0 %, and not all is never 100 %. Null if
 * there is nothing to take a share of.
 */
export function percent(part: number, whole: number): number | null {
  if (whole <= 0) return null;
  const share = Math.round((part / whole) * 100);
  if (share <= 0 && part > 0) return 1;
  if (share >= 100 && part < whole) return 99;
  return Math.min(100, Math.max(0, share));
}

const UNITS = ["B", "KB", "MB", "GB", "TB"] as const;

/** Bytes in decimal units, three digits at most: `512 B`, `1.4 MB`, `38 GB`. */
export function bytes(value: number): string {
  let size = value;
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || size >= 9.95 ? 0 : 1;
  return `${size.toFixed(digits)} ${UNITS[unit]}`;
}
