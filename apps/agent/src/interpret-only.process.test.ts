import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const MODULE = new URL("interpret-only.ts", import.meta.url).href;
const HOT = "let sum = 0; for (let n = 0; n < 5e6; n++) sum += n % 7; console.log(sum);";

/** What V8 tells of compiling a loop that is hot. */
async function compiled(before: string): Promise<boolean> {
  const script = `${before} const run = new Function(${JSON.stringify(HOT)}); run();`;
  const args = ["--trace-opt", "--trace-osr", "--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toContain("14999995");
  return /compiling|completed/.test(stdout);
}

test("hot code is interpreted, which V8 would compile otherwise", { timeout: 60_000 }, async () => {
  expect(await compiled("")).toBe(true);
  expect(await compiled(`import { interpretOnly } from "${MODULE}"; interpretOnly();`)).toBe(false);
});
