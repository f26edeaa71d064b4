import { setInterval } from "node:timers";
import { Option } from "@commander-js/extra-typings";
import type { MusterError } from "@muster/core";
import type { Client, RolloutView } from "@muster/protocol/http";
import { parseDuration } from "../arguments/duration.ts";
import { argument } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { EXIT_CODES } from "../exit-code.ts";
import { formatTime } from "../terminal/format.ts";
import { liveLines } from "../terminal/live-lines.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { paint } from "../terminal/text.ts";
import { describeRollout, verbText } from "./rollout-text.ts";
import { problemTable } from "./problems.ts";
import { watchFrame, watchLine } from "./watch-frame.ts";
import { watchRollout, type Watched } from "./watch-rollout.ts";

/** How long a server may be away, unless told. */
export const PATIENCE_MS = 5 * 60_000;
const REDRAW_MS = 1000;

export function watchCommand(terminal: Terminal) {
  return serverCommand("watch")
    .description("follow a rollout until it ends or halts; exits with 6 unless it completed")
    .argument("<id>", "the rollout's id")
    .addOption(
      new Option("--patience <duration>", "give up when the server is away for so long")
        .argParser(argument(parseDuration))
        .default(PATIENCE_MS, "5m"),
    )
    .action(async (id, options) => {
      const client = await connect(options, terminal);
      await watchToEnd(terminal, client, { id, json: options.json ?? false, patienceMs: options.patience });
    });
}

export interface WatchTask {
  readonly id: string;
  readonly json: boolean;
  readonly patienceMs: number;
}

/** Follows a rollout, says how it ends, and sets the exit code. */
export async function watchToEnd(
  terminal: Terminal,
  client: Client,
  { id, json, patienceMs }: WatchTask,
): Promise<void> {
  const view = viewOn(terminal, json);
  let ended: RolloutView;
  try {
    const { signal, now } = terminal;
    ended = await watchRollout(client, id, {
      signal,
      now,
      patienceMs,
      onChange: view.change,
      onTrouble: view.trouble,
    });
  } finally {
    view.end();
  }
  if (!json) {
    const problems = await problemTable(terminal, client, ended);
    terminal.stdout.write(`\n${describeRollout(terminal, ended)}${problems}${verbText(ended)}`);
  }
  if (ended.state !== "completed") terminal.exit.code = EXIT_CODES.halted;
}

interface View {
  readonly change: (watched: Watched) => void;
  readonly trouble: (error: MusterError | null) => void;
  readonly end: () => void;
}

function viewOn(terminal: Terminal, json: boolean): View {
  if (json) return jsonView(terminal);
  return terminal.stdout.isTTY ? liveView(terminal) : lineView(terminal);
}

/** One JSON object in a line for each change. */
function jsonView({ stdout }: Terminal): View {
  let before = "";
  return {
    change: ({ rollout }) => {
      const text = JSON.stringify(rollout);
      if (text !== before) stdout.write(`${text}\n`);
      before = text;
    },
    trouble: () => undefined,
    end: () => undefined,
  };
}

/** A line for each change, with the time. */
function lineView({ stdout, stderr, now }: Terminal): View {
  let before = "";
  return {
    change: ({ rollout }) => {
      const text = watchLine(rollout);
      if (text !== before) stdout.write(`${formatTime(now())} ${text}\n`);
      before = text;
    },
    trouble: (error) => {
      if (error) stderr.write(`${formatTime(now())} ${error.message}; trying again\n`);
    },
    end: () => undefined,
  };
}

/** Waves and targets that move where they are. */
function liveView({ stdout, now }: Terminal): View {
  const lines = liveLines(stdout);
  let latest: Watched | null = null;
  let problem: MusterError | null = null;
  const draw = () => {
    if (!latest) return;
    const away = problem && paint(stdout, "yellow", `  ${problem.code}: trying again`);
    lines.show([...watchFrame(stdout, latest, now()), ...(away === null ? [] : [away])]);
  };
  const clock = setInterval(draw, REDRAW_MS);
  return {
    change: (watched) => {
      latest = watched;
      draw();
    },
    trouble: (error) => {
      problem = error;
      draw();
    },
    end: () => {
      clearInterval(clock);
      lines.end();
    },
  };
}
