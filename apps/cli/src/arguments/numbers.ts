import { usage } from "./usage.ts";

/** A whole number from `min` on. */
export function parseCount(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < min) {
      throw usage(`Give a whole number from ${min} on.`);
    }
    return value;
  };
}

/** `5%` or `5`, as a share or a number of agents. */
export function parseShareOrCount(text: string): { readonly percent: number } | { readonly count: number } {
  const [, number, sign] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  const value = Number(number);
  if (sign === "%" && value > 0 && value <= 100) return { percent: value };
  if (sign === "" && Number.isSafeInteger(value) && value >= 1) return { count: value };
  throw usage("Write it as a number of agents, like 2, or a share, like 5%.");
}

/** `90%` or `90`: more than 0 and at most 100. */
export function parsePercent(text: string): number {
  const value = Number(text.replace(/%$/, ""));
  if (!/^\d+(?:\.\d+)?%?$/.test(text) || value <= 0 || value > 100) throw usage("Give a share, like 90%.");
  return value;
}

/** A whole number between -1000 and 1000. */
export function parsePriority(text: string): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || Math.abs(value) > 1000) throw usage("Give a whole number from -1000 to 1000.");
  return value;
}
