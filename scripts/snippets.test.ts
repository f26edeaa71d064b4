import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);

interface Snippet {
  /** The words up to the first argument or flag, e.g. `release build`. */
  command: string;
  flags: string[];
  line: string;
}

/** Every `muster …` that the documents show, in code blocks and in the middle of a sentence. */
function snippets(file: string): Snippet[] {
  const text = readFileSync(file, "utf8");
  const lines = [...text.matchAll(/^ *(muster [^\n#]+)/gm), ...text.matchAll(/`(muster [^`\n]+)`/g)];
  return lines.map(([, line = ""]) => ({
    command: /^muster((?: [a-z][a-z-]*)+)/.exec(line)?.[1]?.trim() ?? "",
    flags: [...line.matchAll(/ (--[a-z-]+)/g)].map(([, flag = ""]) => flag),
    line,
  }));
}

/** The help of a command; null if there is none. */
async function help(words: string[]): Promise<string | null> {
  try {
    return (await run("node", ["apps/cli/src/main.ts", ...words, "--help"])).stdout;
  } catch (error) {
    if (error instanceof Error && "code" in error && typeof error.code === "number") return null;
    throw error;
  }
}

/** The help of the longest beginning of the words that is a command; null if there is none. */
async function helpOf(command: string): Promise<string | null> {
  const words = command.split(" ").slice(0, 2);
  return (await help(words)) ?? help(words.slice(0, 1));
}

// Each command is a process; a limit against hanging, not a measure.
const LIMIT_MS = 300_000;
const AT_ONCE = 4;

test.each(["README.md", "docs/runbook.md"])(
  "every muster command in %s exists, with its flags",
  async (file) => {
    const found = snippets(file);
    expect(found.length).toBeGreaterThan(5);
    const commands = [...new Set(found.map(({ command }) => command))];
    const helps = new Map<string, string | null>();
    for (let at = 0; at < commands.length; at += AT_ONCE) {
      const some = commands.slice(at, at + AT_ONCE);
      await Promise.all(some.map(async (command) => helps.set(command, await helpOf(command))));
    }
    for (const { command, flags, line } of found) {
      const text = helps.get(command) ?? null;
      expect({ line, exists: text !== null }).toEqual({ line, exists: true });
      expect({ line, unknown: flags.filter((flag) => !text?.includes(flag)) }).toEqual({ line, unknown: [] });
    }
  },
  LIMIT_MS,
);
