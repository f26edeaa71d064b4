import { usage } from "./usage.ts";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration such as `90s`, `10m` or `1h30m`, in milliseconds. A number without a unit is refused, but for 0. */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(text)) throw usage("Write it like 90s, 10m or 1h30m.");
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g);
  const ms = Array.from(parts, ([, count, unit = ""]) => Number(count) * (UNIT_MS[unit] ?? 0));
  const total = Math.round(ms.reduce((sum, part) => sum + part, 0));
  if (!Number.isSafeInteger(total)) throw usage("It is too long.");
  return total;
}
