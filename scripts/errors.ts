// Writes docs/errors.md and docs/states.md from the tables in packages/core; with --check only compares them.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { errorsPage } from "./generated-docs/errors-page.ts";
import { statesPage } from "./generated-docs/states-page.ts";

const PAGES = { "docs/errors.md": errorsPage(), "docs/states.md": statesPage() };

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

const root = fileURLToPath(new URL("..", import.meta.url));
const isCheck = process.argv.includes("--check");
for (const [name, page] of Object.entries(PAGES)) {
  const path = `${root}${name}`;
  if (read(path) === page) continue;
  if (isCheck) {
    console.error(`${name} is not what the code says: run npm run errors`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, page);
    console.log(`wrote ${name}`);
  }
}
