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

/** The longest beginning of the words that is a command, and its help. */
function helpOf(command: string): string {
  const words = command.split(" ").slice(0, 2);
  const run = (args: string[]) =>
    spawnSync("node", ["apps/cli/src/main.ts", ...args, "--help"], { encoding: "utf8" });
  const deep = run(words);
  const help = deep.status === 0 ? deep : run(words.slice(0, 1));
  expect(help.status, `muster ${command}`).toBe(0);
  return help.stdout;
}

test.each(["README.md", "docs/runbook.md"])("every muster command in %s exists, with its flags", (file) => {
  const found = snippets(file);
  expect(found.length).toBeGreaterThan(5);
  const helps = new Map<string, string>();
  for (const { command, flags, line } of found) {
    const help = helps.get(command) ?? helpOf(command);
    helps.set(command, help);
    for (const flag of flags) expect(help, line).toContain(flag);
  }
});
