import { spawnSync } from "node:child_process";

const STEPS = [
  { name: "check", command: ["node", "scripts/check.ts"] },
  { name: "build", command: ["node", "scripts/build.ts"] },
  { name: "unit and contract tests", command: ["vitest", "run", "--project", "unit", "--reporter=dot"] },
  { name: "end-to-end tests", command: ["vitest", "run", "--project", "e2e"] },
] as const;

const extra = process.argv.slice(2);
if (extra.length > 0) {
  console.error("npm test takes no arguments. One file: npm run unit -- <path>, npm run e2e -- <path>");
  process.exit(2);
}

for (const { name, command } of STEPS) {
  const [program, ...args] = command;
  console.log(`\n▸ ${name}`);
  const startedAt = performance.now();
  const { status, error } = spawnSync(program, args, { stdio: "inherit" });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (error) console.error(error.message);
  console.log(`${status === 0 ? "✓" : "✗"} ${name} (${seconds} s)`);
  if (status !== 0) process.exit(status ?? 1);
}
