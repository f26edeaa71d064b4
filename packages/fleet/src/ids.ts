import type { Clock, Random } from "./ports.ts";

/** Crockford's alphabet: no letter that is mistaken for a digit, and in the order of its code points. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;

/**
 * Makes ids of 26 characters that sort as text in the order they were made (ULID, in lower case): a list by id is a list
 * by age, and new rows go to the end of an index. Unique across processes by 80 random bits.
 */
export function createIdSource(clock: Clock, random: Random): () => string {
  let lastTime = -1;
  let digits: number[] = [];
  return () => {
    const now = clock.now();
    if (now > lastTime) {
      lastTime = now;
      digits = Array.from(random.bytes(RANDOM_DIGITS), (byte) => byte % 32);
    } else {
      digits = increment(digits);
    }
    return encodeTime(lastTime) + digits.map((digit) => ALPHABET[digit]).join("");
  };
}

function encodeTime(time: number): string {
  let rest = time;
  let text = "";
  for (let place = 0; place < TIME_DIGITS; place += 1) {
    text = `${ALPHABET[rest % 32]}${text}`;
    rest = Math.floor(rest / 32);
  }
  return text;
}

function increment(digits: readonly number[]): number[] {
  const next = [...digits];
  for (let place = next.length - 1; place >= 0; place -= 1) {
    const digit = ((next[place] ?? 0) + 1) % 32;
    next[place] = digit;
    if (digit !== 0) break;
  }
  return next;
}
