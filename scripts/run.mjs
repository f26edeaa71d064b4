// Starts every npm script. It runs on whatever Node is there and installs nothing itself but through npm:
// the work is done by the pinned Node in node_modules.
import { ensureChromium } from "./bootstrap/chromium.mjs";
import { ensureToolsIfPossible, TEST_PACKAGES } from "./bootstrap/debian-packages.mjs";
import { execute, projectEnvironment } from "./bootstrap/execute.mjs";
import { ensureInstalled } from "./bootstrap/install.mjs";
import { Problem } from "./bootstrap/problem.mjs";
import { TASKS } from "./bootstrap/tasks.mjs";

/** @param {string | undefined} name @param {string[]} args */
async function run(name, args) {
  const task = name === undefined ? undefined : TASKS[name];
  if (!task) throw new Problem(`Usage: node scripts/run.mjs <${Object.keys(TASKS).join("|")}> [arguments]`);
  await ensureInstalled();
  const env = projectEnvironment();
  if (task.browser) env.CHROMIUM_PATH = ensureChromium();
  if (task.machines) ensureToolsIfPossible(TEST_PACKAGES);
  if (task.built) {
    const status = await execute("node", ["scripts/build.ts"], { env });
    if (status !== 0) return status;
  }
  const [command, ...fixed] = task.command;
  return execute(command, [...fixed, ...args], { env, folder: task.folder });
}

try {
  process.exitCode = await run(process.argv[2], process.argv.slice(3));
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
