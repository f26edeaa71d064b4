import { spawn } from "node:child_process";
import { existsSync, globSync } from "node:fs";

interface Tool {
  name: string;
  command: [string, ...string[]];
  /** The lines worth printing, when not all are. */
  keep?: RegExp;
}

const projects = globSync(["tsconfig.json", "e2e/tsconfig.json", "{apps,packages}/*/tsconfig{,.*}.json"]);

const TOOLS: Tool[] = [
  { name: "types", command: ["tsc", "-b", ...projects.toSorted()] },
  { name: "lint", command: ["oxlint", "--format=unix"] },
  {
    name: "format (npm run format)",
    command: ["biome", "format", "--reporter=summary"],
    keep: /^\s+(- |×(?! Some errors))/,
  },
  { name: "unused code", command: ["knip", "--no-progress", "--no-config-hints"] },
];

interface Outcome {
  name: string;
  ok: boolean;
  output: string;
}

function runTool({ name, command: [program, ...args], keep }: Tool): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      const text = Buffer.concat(chunks).toString();
      const kept = text.split("\n").filter((line) => !keep || keep.test(line));
      resolve({ name, ok: code === 0, output: (kept.length > 0 ? kept.join("\n") : text).trim() });
    });
  });
}

if (!existsSync("tsconfig.base.json")) throw new Error("run it from the root of the repository");
const outcomes = await Promise.all(TOOLS.map(runTool));
const failed = outcomes.filter(({ ok }) => !ok);
for (const { name, output } of failed) console.error(`✗ ${name}\n${output}\n`);
if (failed.length > 0) process.exitCode = 1;
else console.log(`check: ${outcomes.map(({ name }) => name.split(" (")[0]).join(", ")} are clean`);
