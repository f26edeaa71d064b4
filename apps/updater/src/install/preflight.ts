import { MusterError, OUTPUT_TAIL_MAX, type Artifact, type Version } from "@muster/core";
import type { Host, PreflightResult } from "../ports.ts";
import { commandOf } from "../versions/command.ts";
import { printable } from "../versions/output-tail.ts";

/** A version that is about to be installed. */
export interface Candidate {
  readonly folder: string;
  readonly artifact: Artifact;
  readonly version: Version;
}

/**
 * Runs `<entrypoint> --version` of a version that is not installed yet: it must start on this host and print its version
 * and nothing else. Throws `PREFLIGHT_FAILED` or `PREFLIGHT_VERSION_MISMATCH`, with what it printed as the detail
 * `output`.
 */
export async function preflight(
  { nodePath, runPreflight }: Pick<Host, "nodePath" | "runPreflight">,
  { folder, artifact, version }: Candidate,
): Promise<void> {
  const { file, args } = commandOf(artifact.entrypoint, folder, nodePath);
  const result = await runPreflight({ file, args: [...args, "--version"], folder });
  if (result.exitCode !== 0) {
    const problem = result.exitCode === null ? result.problem : `ended with exit code ${result.exitCode}`;
    throw new MusterError("PREFLIGHT_FAILED", { problem, output: outputOf(result) });
  }
  const printed = result.stdout.replace(/\r?\n$/, "");
  if (printed !== version) {
    const actual = printable(printed).slice(0, 100);
    throw new MusterError("PREFLIGHT_VERSION_MISMATCH", {
      expected: version,
      actual,
      output: outputOf(result),
    });
  }
}

function outputOf({ stdout, stderr }: PreflightResult): string {
  return printable(`${stdout}${stderr}`).slice(-OUTPUT_TAIL_MAX);
}
