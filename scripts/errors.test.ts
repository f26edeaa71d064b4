import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import {
  ERROR_REGISTRY,
  REASONS,
  ROLLOUT_TRANSITIONS,
  TARGET_TRANSITIONS,
} from "../packages/core/src/index.ts";
import { errorsPage } from "./generated-docs/errors-page.ts";
import { table } from "./generated-docs/markdown.ts";
import { statesPage } from "./generated-docs/states-page.ts";

test("docs/errors.md and docs/states.md are what the code says", () => {
  const script = fileURLToPath(new URL("errors.ts", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

test("every error code has its row", () => {
  const page = errorsPage();
  for (const code of Object.keys(ERROR_REGISTRY)) expect(page).toContain(`\n| <a id="${code}"></a>`);
});

test("every transition is drawn, and every reason is explained", () => {
  const page = statesPage();
  for (const machine of [ROLLOUT_TRANSITIONS, TARGET_TRANSITIONS]) {
    for (const [from, next] of Object.entries<readonly string[]>(machine)) {
      for (const to of next) expect(page).toContain(`\n  ${from} --> ${to}\n`);
    }
  }
  for (const reason of REASONS) expect(page).toContain(`\n| \`${reason}\` |`);
});

test("a bar in a cell does not end the cell", () => {
  expect(table(["a"], [["x|y"]])).toBe("| a |\n| --- |\n| x\\|y |");
});
