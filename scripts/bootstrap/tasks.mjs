/**
 * @typedef {object} Task
 * @property {[string, ...string[]]} command what runs under the pinned Node; arguments of the npm script follow it
 * @property {string} [folder] where it runs, if not in the repository's root
 * @property {boolean} [browser] needs a Chromium
 * @property {boolean} [machines] has tests that need Debian's tools for packages and machines; without them they are left out
 * @property {boolean} [built] needs what `npm run build` makes
 */

/** Every npm script of the root package. @type {Record<string, Task>} */
export const TASKS = {
  demo: { command: ["node", "apps/cli/src/main.ts", "demo"], built: true },
  bench: { command: ["node", "apps/simulator/src/main.ts", "bench"], built: true },
  test: { command: ["node", "scripts/test.ts"], browser: true, machines: true },
  unit: { command: ["vitest", "run", "--project", "unit"] },
  e2e: { command: ["vitest", "run", "--project", "e2e"], browser: true, machines: true, built: true },
  "test:crash": { command: ["node", "e2e/crash/main.ts"], machines: true, built: true },
  check: { command: ["node", "scripts/check.ts"] },
  build: { command: ["node", "scripts/build.ts"] },
  package: { command: ["node", "packaging/main.ts"], built: true },
  format: { command: ["biome", "format", "--write"] },
  errors: { command: ["node", "scripts/errors.ts"] },
  generate: { command: ["buf", "generate"], folder: "packages/protocol" },
};
