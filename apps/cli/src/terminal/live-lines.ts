import type { Output } from "./terminal.ts";

/** Lines that stand at the bottom of a terminal and change where they are. */
export interface LiveLines {
  /** Shows these lines in place of those before. Each must fit into one line of the terminal. */
  readonly show: (lines: readonly string[]) => void;
  /** Leaves the last lines as they are. */
  readonly end: () => void;
}

/** For a terminal only: anything else would keep every step. */
export function liveLines(output: Output): LiveLines {
  let shown = 0;
  return {
    show: (lines) => {
      const back = shown === 0 ? "" : `\u001b[${shown}A\r\u001b[J`;
      output.write(back + lines.map((text) => `${text}\n`).join(""));
      shown = lines.length;
    },
    end: () => {
      shown = 0;
    },
  };
}
