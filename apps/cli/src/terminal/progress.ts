import { bar } from "./bar.ts";
import { formatBytes } from "./format.ts";
import { liveLines } from "./live-lines.ts";
import type { Terminal } from "./terminal.ts";
import { cut, plain } from "./text.ts";

/** Shows how far some bytes have come. */
export interface Progress {
  /** What is being done now. */
  readonly begin: (what: string, totalBytes: number) => void;
  readonly advance: (doneBytes: number) => void;
  readonly finish: () => void;
  /** Leaves what is begun as far as it has come. */
  readonly abandon: () => void;
}

const SILENT: Progress = {
  begin: () => undefined,
  advance: () => undefined,
  finish: () => undefined,
  abandon: () => undefined,
};
const BAR_WIDTH = 30;
/** A terminal is redrawn at most this often. */
const REDRAW_MS = 80;
/** A log gets a line at most this often. */
const LINE_MS = 5000;

/** A bar on a terminal; elsewhere lines now and then; nothing under `--json`. */
export function progressOn({ stderr, now }: Pick<Terminal, "stderr" | "now">, json: boolean): Progress {
  if (json) return SILENT;
  return stderr.isTTY ? barProgress({ stderr, now }) : lineProgress({ stderr, now });
}

function barProgress({ stderr, now }: Pick<Terminal, "stderr" | "now">): Progress {
  const lines = liveLines(stderr);
  let state = { what: "", total: 0, done: 0 };
  let drawnAt = 0;
  const draw = () => {
    drawnAt = now();
    const share = state.total === 0 ? 1 : state.done / state.total;
    const percent = `${Math.floor(share * 100)}%`.padStart(4);
    const text = `${percent} ${bar(share, BAR_WIDTH)} ${formatBytes(state.done)} of ${formatBytes(state.total)}  ${state.what}`;
    lines.show([cut(text, stderr.columns - 1)]);
  };
  const abandon = () => {
    if (state.what === "") return;
    draw();
    lines.end();
    state = { what: "", total: 0, done: 0 };
  };
  const finish = () => {
    state = { ...state, done: state.total };
    abandon();
  };
  return {
    begin: (what, total) => {
      finish();
      state = { what: plain(what), total, done: 0 };
      draw();
    },
    advance: (done) => {
      state = { ...state, done };
      if (now() - drawnAt >= REDRAW_MS) draw();
    },
    finish,
    abandon,
  };
}

/** Lines for what takes long; what is quick needs none. */
function lineProgress({ stderr, now }: Pick<Terminal, "stderr" | "now">): Progress {
  let state = { what: "", total: 0, saidAt: 0, said: false };
  const finish = () => {
    if (state.said) stderr.write(`${state.what}: done\n`);
    state = { what: "", total: 0, saidAt: 0, said: false };
  };
  return {
    begin: (what, total) => {
      finish();
      state = { what: plain(what), total, saidAt: now(), said: false };
    },
    advance: (done) => {
      if (now() - state.saidAt < LINE_MS) return;
      state = { ...state, saidAt: now(), said: true };
      stderr.write(`${state.what}: ${formatBytes(done)} of ${formatBytes(state.total)}\n`);
    },
    finish,
    abandon: () => {
      state = { what: "", total: 0, saidAt: 0, said: false };
    },
  };
}
