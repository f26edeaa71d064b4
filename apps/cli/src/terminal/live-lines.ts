import type { Output } from "./terminal.ts";

/** Lines that stand at the bottom of a terminal and change where they are. */
export interface LiveLines {
  /** Shows these lines in place of those before. Each must fit into one line of the terminal. */
  readonly show: (lines: readonly string[]) => void;
  /** Writes something that stays, above the lines. */
  readonly note: (line: string) => void;
  /** Leaves the last lines as they are. */
  readonly end: () => void;
}

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";

/** For a terminal only: anything else would keep every step. */
export function liveLines(output: Output): LiveLines {
  let shown: readonly string[] = [];
  let begun = false;
  const up = () => (shown.length === 0 ? "" : `\u001b[${shown.length}A\r\u001b[J`);
  const draw = (above: string, lines: readonly string[]) => {
    const hide = begun ? "" : HIDE_CURSOR;
    begun = true;
    output.write(hide + up() + above + lines.map((line) => `${line}\n`).join(""));
    shown = lines;
  };
  return {
    show: (lines) => draw("", lines),
    note: (line) => draw(`${line}\n`, shown),
    end: () => {
      if (begun) output.write(SHOW_CURSOR);
      shown = [];
      begun = false;
    },
  };
}
