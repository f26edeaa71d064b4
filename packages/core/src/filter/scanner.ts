import { MusterError } from "../errors.ts";
import type { Pattern } from "./filter.ts";

/** Longest filter, in UTF-16 code units. */
export const FILTER_MAX_LENGTH = 2048;

/** What goes over a filter's text, from left to right. */
export interface Scanner {
  /** Code units read so far. */
  at(): number;
  isEnd(): boolean;
  /** The next code unit without taking it; empty at the end. */
  next(): string;
  /** Takes the text if it stands here. */
  take(text: string): boolean;
  /** Takes what the sticky expression matches here; empty if it does not. */
  match(pattern: RegExp): string;
  /** Whether the sticky expression matches here; takes nothing. */
  sees(pattern: RegExp): boolean;
  spaces(): void;
  /** A value: bare text, where `*` is anything, and quoted text, where nothing has a meaning, in any mixture. */
  value(): Pattern;
  /** Throws `FILTER_INVALID`; `from` is where the trouble begins, else here. */
  refuse(expected: string, from?: number): never;
}

const SPACES = /\s+/y;
const BARE = /[^\s(),"*]+/y;
const QUOTED = /"((?:[^"\\]|\\["\\])*)"/y;
const NEAR = 32;

export function createScanner(text: string): Scanner {
  let at = 0;
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  };
  const sees = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    return pattern.test(text);
  };
  const refuse = (expected: string, from = at): never => {
    // `at` counts from 1, as people do.
    throw new MusterError("FILTER_INVALID", {
      field: "filter",
      at: from + 1,
      near: text.slice(from, from + NEAR).toWellFormed(),
      expected,
      problem: `must have ${expected} at character ${from + 1}`,
    });
  };
  const take = (part: string): boolean => {
    if (!text.startsWith(part, at)) return false;
    at += part.length;
    return true;
  };
  const value = (): Pattern => {
    const start = at;
    const parts = [""];
    const add = (more: string) => parts.push((parts.pop() ?? "") + more);
    for (;;) {
      const before = at;
      add(match(BARE));
      if (take("*")) parts.push("");
      else if (text[at] === '"') add(readQuoted());
      if (at === before) break;
    }
    if (at === start) refuse("a value");
    // Two wildcards in a row are one.
    return parts.filter((part, index) => part !== "" || index === 0 || index === parts.length - 1);
  };
  const readQuoted = (): string => {
    const quoted = match(QUOTED);
    if (quoted === "") refuse('a closing " after this', at);
    return quoted.slice(1, -1).replaceAll(/\\(["\\])/g, "$1");
  };
  return {
    at: () => at,
    isEnd: () => at >= text.length,
    next: () => text[at] ?? "",
    take,
    match,
    sees,
    spaces: () => void match(SPACES),
    value,
    refuse,
  };
}
