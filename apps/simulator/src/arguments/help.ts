import { BENCH_FLAGS } from "./bench-arguments.ts";
import { describeFlags } from "./flags.ts";
import { RUN_FLAGS } from "./run-arguments.ts";

/** What the program says of itself. */
export function helpText(): string {
  return `muster-simulator: agents that speak the real protocol and only pretend to install

muster-simulator run --server HOST:PORT --token TOKEN --trust-anchor FILE [flags]
  Enrols agents with a server and keeps them connected until Ctrl-C, so that you can try out
  rollouts, halts and rollbacks without a fleet. They stay in the server's list, offline.
${describeFlags(RUN_FLAGS)}
muster-simulator bench [flags]
  Starts a server of its own on this machine and measures it. Figures go to the terminal and to a file.
${describeFlags(BENCH_FLAGS)}`;
}
