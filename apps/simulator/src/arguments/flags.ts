import { parseArgs } from "node:util";
import { usage } from "./values.ts";

/** One flag of a command. Without `value` it takes none. */
export interface Flag {
  readonly value?: string;
  readonly multiple?: true;
  readonly help: string;
}

export type Flags<Name extends string = string> = Readonly<Record<Name, Flag>>;

/** What a command line gave: every text of each flag, in order; an empty one for a flag without a value. */
export type Given<Name extends string> = Readonly<Record<Name, readonly string[]>>;

/** Reads flags; `USAGE_INVALID` for one that is none, lacks its value, or stands twice. */
export function readFlags<Name extends string>(flags: Flags<Name>, args: readonly string[]): Given<Name> {
  const names = Object.keys(flags) as Name[];
  const options = names.map((name) => {
    const type = flags[name].value === undefined ? ("boolean" as const) : ("string" as const);
    return [name, { type, multiple: true as const }] as const;
  });
  const values = readArgs(args, Object.fromEntries(options));
  const given: Partial<Record<Name, readonly string[]>> = {};
  for (const name of names) {
    const texts = (values[name] ?? []).map((text) => (text === true ? "" : String(text)));
    if (texts.length > 1 && !flags[name].multiple) throw usage("give it once", { flag: `--${name}` });
    given[name] = texts;
  }
  return given as Given<Name>;
}

function readArgs(
  args: readonly string[],
  options: Record<string, { readonly type: "boolean" | "string"; readonly multiple: true }>,
) {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : String(cause));
  }
}

/** The flags, one in a line, with what they do. */
export function describeFlags(flags: Flags): string {
  const rows = Object.entries(flags).map(([name, { value, help }]) => {
    return [value === undefined ? `--${name}` : `--${name} ${value}`, help] as const;
  });
  const width = Math.max(...rows.map(([flag]) => flag.length));
  return rows.map(([flag, help]) => `  ${flag.padEnd(width)}  ${help}\n`).join("");
}
