import type { Terminal } from "./terminal.ts";

/** How a command tells its result. */
export interface Report {
  /** The result: JSON as it is under `--json`, otherwise the text for people. */
  readonly result: (value: unknown, text: () => string) => void;
  /** A remark for people, beside the result. */
  readonly remark: (text: string) => void;
  readonly json: boolean;
}

export function reportOn({ stdout, stderr }: Terminal, json: boolean): Report {
  return {
    result: (value, text) => stdout.write(json ? `${harmlessJson(value)}\n` : text()),
    remark: (text) => {
      if (!json) stderr.write(`${text}\n`);
    },
    json,
  };
}

/** JSON leaves some control characters as they are, which a terminal would obey. */
function harmlessJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(
    /[\u007f-\u009f]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
