import type { FixtureFile } from "./release-fixture.ts";

/** What a tiny agent does besides printing its version when asked. */
export type TinyBehaviour =
  /** Reports every 50 ms that it is connected and well. */
  | "healthy"
  /** Says why, and ends. */
  | "crashing"
  /** Runs, and reports nothing. */
  | "silent"
  /** Is healthy once there is a file `run/go`. */
  | "waiting"
  /** Cannot even print its version. */
  | "broken_preflight"
  /** Says that it is another version. */
  | "wrong_version";

const BODIES: Readonly<Record<TinyBehaviour, string>> = {
  healthy: "process.on('SIGTERM', () => process.exit(0)); report(); setInterval(report, 50);",
  crashing: "console.error('the queue cannot be opened'); process.exit(3);",
  silent: "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);",
  waiting:
    "process.on('SIGTERM', () => process.exit(0)); setInterval(() => { if (existsSync(run + '/go')) report(); }, 50);",
  broken_preflight: "",
  wrong_version: "",
};

const PREFLIGHTS: Partial<Readonly<Record<TinyBehaviour, string>>> = {
  broken_preflight: "console.error('a library is missing'); process.exit(127);",
  wrong_version: "console.log('9.9.9'); process.exit(0);",
};

/** The files of a payload that behaves like an agent, as far as the updater can tell. */
export function tinyAgent(
  version: string,
  behaviour: TinyBehaviour = "healthy",
): Record<string, FixtureFile> {
  const preflight = PREFLIGHTS[behaviour] ?? `console.log(${JSON.stringify(version)}); process.exit(0);`;
  const content = `// ${version}
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
if (process.argv[2] === "--version") { ${preflight} }
const run = process.env.MUSTER_ROOT + "/run";
const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
const nowMs = () => Number(process.hrtime.bigint() / 1000000n);
const connectedSinceMs = nowMs();
function report() {
  const health = { schema: 1, version: ${JSON.stringify(version)}, bootId, pid: process.pid, writtenAtMs: nowMs(),
    connectedSinceMs, checks: [{ name: "self", ok: true, message: "" }] };
  writeFileSync(run + "/health.json.new", JSON.stringify(health));
  renameSync(run + "/health.json.new", run + "/health.json");
}
console.log("agent ${version} runs");
const { MUSTER_ROOT, MUSTER_VERSION, MUSTER_PACKAGE_DIR } = process.env;
writeFileSync(run + "/started.json", JSON.stringify({ pid: process.pid, cwd: process.cwd(), MUSTER_ROOT, MUSTER_VERSION,
  MUSTER_PACKAGE_DIR }));
${BODIES[behaviour]}
`;
  return { "bin/agent.mjs": { content }, "share/words.txt": { content: `words of ${version}` } };
}
