import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What a version of the demonstration product does when it runs. */
export type Behaviour =
  | "good"
  /** Good until `run/trip` is there, then it ends at every start. */
  | "trips"
  | "crashes"
  | "never_connects"
  | "fails_preflight"
  | "wrong_version";

/** What each faulty version runs instead of the agent. `process.argv[2] === "--version"` is the host's preflight. */
const FAULTS: Readonly<Record<Exclude<Behaviour, "good">, (version: string) => string>> = {
  trips: (version) =>
    `import { existsSync } from "node:fs";
if (process.env.MUSTER_ROOT !== undefined && existsSync(process.env.MUSTER_ROOT + "/run/trip")) {
  console.error("acme-agent ${version}: fatal: the licence has run out");
  process.exit(1);
}
await import("./agent.mjs");
`,
  crashes: (version) =>
    `if (process.argv[2] === "--version") console.log("${version}");
else {
  console.log("acme-agent ${version}: reading the configuration");
  console.error("acme-agent ${version}: fatal: unknown setting 'listen'");
  setTimeout(() => process.exit(1), 150);
}
`,
  never_connects: (version) =>
    `if (process.argv[2] === "--version") console.log("${version}");
else {
  console.log("acme-agent ${version}: waiting for a licence server that does not exist");
  setInterval(() => {}, 1000);
}
`,
  fails_preflight: (version) =>
    `console.error("acme-agent ${version}: cannot load libacme.so.3"); process.exit(127);\n`,
  wrong_version: () => `console.log("0.0.0");\n`,
};

/** Writes the files of one version of the product into `folder`: the reference agent, or something that is broken. */
export async function writePayload(
  folder: string,
  version: string,
  options: { readonly behaviour: Behaviour; readonly agentBundle: string; readonly paddingBytes?: number },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const entrypoint = join(folder, "muster-agent.mjs");
  if (options.behaviour === "good") await copyFile(options.agentBundle, entrypoint);
  else await writeFile(entrypoint, FAULTS[options.behaviour](version));
  if (options.behaviour === "trips") await copyFile(options.agentBundle, join(folder, "agent.mjs"));
  await writeFile(join(folder, "VERSION"), `${version}\n`);
  if (options.paddingBytes !== undefined)
    await writeFile(join(folder, "data.bin"), noise(options.paddingBytes));
}

/** Bytes that do not compress and are the same each time (a 32-bit linear congruential generator). */
function noise(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let state = 1;
  for (let index = 0; index < sizeBytes; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
