import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

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
    command: /^muster((?: [a-z]+)+)/.exec(line)?.[1]?.trim() ?? "",
    flags: [...line.matchAll(/ (--[a-z-]+)/g)].map(([, flag = ""]) => flag),
    line,
  }));
}

function help(words: string[]): { status: number | null; stdout: string } {
  return spawnSync("node", ["apps/cli/src/main.ts", ...words, "--help"], { encoding: "utf8" });
}

/** The help of the longest beginning of the words that is a command. */
function helpOf(command: string): string {
  const words = command.split(" ").slice(0, 2);
  const deep = help(words);
  const found = deep.status === 0 ? deep : help(words.slice(0, 1));
  expect({ command, status: found.status }).toEqual({ command, status: 0 });
  return found.stdout;
}

test.each(["README.md", "docs/runbook.md"])("every muster command in %s exists, with its flags", (file) => {
  const found = snippets(file);
  expect(found.length).toBeGreaterThan(5);
  const helps = new Map<string, string>();
  for (const { command, flags, line } of found) {
    const text = helps.get(command) ?? helpOf(command);
    helps.set(command, text);
    expect({ line, unknown: flags.filter((flag) => !text.includes(flag)) }).toEqual({ line, unknown: [] });
  }
});
