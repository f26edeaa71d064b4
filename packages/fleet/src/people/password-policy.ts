import { MusterError } from "@muster/core";

const LENGTH_MIN = 12;
const LENGTH_MAX = 256;
/** Fewer different characters than this are a rhythm, not a password. */
const DIFFERENT_MIN = 5;

/** One text, one password: keyboards and systems compose the same letters differently (NIST SP 800-63B §3.1.1.2). */
export function normalizePassword(password: string): string {
  return password.normalize("NFKC");
}

/**
 * Throws `PASSWORD_UNSUITABLE` for a password that is too short, too long, or close to the user's own name. There are no
 * rules on kinds of characters: they make passwords worse (NIST SP 800-63B §3.1.1.2).
 */
export function requireSuitablePassword(password: string, userName: string): void {
  const problem = problemOf(normalizePassword(password), userName);
  if (problem !== null) throw new MusterError("PASSWORD_UNSUITABLE", { problem });
}

function problemOf(password: string, userName: string): string | null {
  const characters = Array.from(password);
  if (characters.length < LENGTH_MIN) return `is shorter than ${LENGTH_MIN} characters`;
  if (characters.length > LENGTH_MAX) return `is longer than ${LENGTH_MAX} characters`;
  if (new Set(characters).size < DIFFERENT_MIN) return "repeats too few characters";
  const lower = password.toLowerCase();
  const rest = lower.replaceAll(userName, "").replaceAll(/[^\p{L}\p{N}]/gu, "");
  if (lower.includes(userName) && rest.length < LENGTH_MIN / 2) return "is little more than the user's name";
  return null;
}
