import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { commandLine, shellWord } from "./command-line.ts";

test("a plain word stays as it is and any other is one word to the shell", () => {
  expect(shellWord("env=production,os!=windows")).toBe("'env=production,os!=windows'");
  expect(shellWord("1.2.0-rc.1")).toBe("1.2.0-rc.1");
  expect(shellWord("")).toBe("''");
});

test("a shell gives back every word as it was", () => {
  const word = fc.string({ maxLength: 12 }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
      const line = words.map(shellWord).join(" ");
      const back = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" });
      expect(back.split("\0").slice(0, -1)).toEqual(words);
    }),
    { numRuns: 30 },
  );
});

test("options without a value are left out, and true stands alone", () => {
  const options = { wave: 2, group: undefined, online: true, search: "a b" } as const;
  expect(commandLine(["muster", "agents"], options)).toBe("muster agents --wave 2 --online --search 'a b'");
});
