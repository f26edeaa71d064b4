import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

const LAYERS = ["recorded", "killed", "power cut", "power cut, names kept", "controls"] as const;
export type Layer = (typeof LAYERS)[number];

export interface CrashArguments {
  /** Every how many points one is tried; 1 is all of them. */
  readonly stride: number;
  /** Hosts that are tried at once. */
  readonly jobs: number;
  readonly layers: readonly Layer[];
  /** Only scenarios with this in their name. */
  readonly scenario: string;
}

/** What fits ten minutes on two cores. Each layer begins at another point: together they try every one. */
const DEFAULT_STRIDE = 3;

export const USAGE = `Usage: npm run test:crash -- [options]

Cuts the updater off at every step it takes, in every way a host can be cut off, lets the host boot, and says how many
hosts were lost. Needs root, strace and xfs_io.

  --full              every point; without it, every ${DEFAULT_STRIDE}rd one of those at which a real updater is cut off
  --stride <n>        every nth point
  --layer <name>      ${LAYERS.map((layer) => `"${layer}"`).join(", ")};
                      may be given again, all of them unless told
  --scenario <text>   only scenarios with this in their name
  --jobs <n>          hosts at once (as many as there are cores)

Exit codes: 0 no host was lost, 1 hosts were lost, 2 it could not be tried
`;

/** Wrong arguments. */
export class UsageError extends Error {}

/** Reads the command line; null if help is asked for. Throws `UsageError`. */
export function parseCrashArguments(args: readonly string[]): CrashArguments | null {
  const { values } = parsed(args);
  if (values.help === true) return null;
  if (values.full === true && values.stride !== undefined)
    throw new UsageError("--full and --stride exclude each other");
  return {
    stride: values.full === true ? 1 : count("stride", values.stride, DEFAULT_STRIDE),
    jobs: count("jobs", values.jobs, availableParallelism()),
    layers: values.layer === undefined ? LAYERS : values.layer.map(layerNamed),
    scenario: values.scenario ?? "",
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        full: { type: "boolean" },
        stride: { type: "string" },
        jobs: { type: "string" },
        layer: { type: "string", multiple: true },
        scenario: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function count(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new UsageError(`--${name} takes a number from 1`);
  return value;
}

function layerNamed(name: string): Layer {
  const found = LAYERS.find((layer) => layer === name);
  if (found === undefined) throw new UsageError(`there is no layer "${name}"`);
  return found;
}
