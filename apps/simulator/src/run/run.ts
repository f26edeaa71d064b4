import type { RunOptions } from "../arguments/run-arguments.ts";
import { addCensuses, type Census } from "../fleet/census.ts";
import type { FleetPart } from "../fleet/part.ts";
import type { Slice } from "./own-part.ts";

export interface RunPorts {
  /** Makes a part in this process or in another. */
  readonly makePart: (options: RunOptions, slice: Slice) => Promise<FleetPart>;
  /** Shown about once a second. */
  readonly show: (census: Census, phase: Phase) => void;
  /** Aborted when it is to end. */
  readonly signal: AbortSignal;
}

export type Phase = "enrolling" | "connecting" | "running";

const SHOW_EVERY_MS = 1000;

/** Enrols and connects agents and keeps them until it is told to end; resolves with the last census. */
export async function run(options: RunOptions, ports: RunPorts): Promise<Census> {
  const slices = slicesOf(options.agents, options.processes);
  const parts = await Promise.all(slices.map((slice) => ports.makePart(options, slice)));
  const count = async () => addCensuses(await Promise.all(parts.map((part) => part.census())));
  try {
    await watched(ports, { phase: "enrolling", count }, () => each(parts, (part) => part.enrol()));
    await watched(ports, { phase: "connecting", count }, () => each(parts, (part) => part.connect()));
    await watched(ports, { phase: "running", count }, () => aborted(ports.signal, options.forMs));
    return await count();
  } finally {
    await Promise.all(parts.map((part) => part.stop()));
  }
}

/** Slices of nearly the same size, none empty. */
export function slicesOf(agents: number, parts: number): readonly Slice[] {
  const wanted = Math.min(agents, parts);
  return Array.from({ length: wanted }, (_, index) => {
    const first = Math.floor((index * agents) / wanted);
    return { first, count: Math.floor(((index + 1) * agents) / wanted) - first };
  });
}

async function each(parts: readonly FleetPart[], act: (part: FleetPart) => Promise<void>): Promise<void> {
  await Promise.all(parts.map(act));
}

/** Shows how it goes while `work` is done, or until all is to end. */
async function watched(
  { show, signal }: RunPorts,
  { phase, count }: { readonly phase: Phase; readonly count: () => Promise<Census> },
  work: () => Promise<void>,
): Promise<void> {
  if (signal.aborted) return;
  let isOver = false;
  const working = Promise.race([work(), aborted(signal, null)]).finally(() => {
    isOver = true;
  });
  for (;;) {
    await Promise.race([working, aborted(signal, SHOW_EVERY_MS)]);
    show(await count(), phase);
    if (isOver) return working;
  }
}

/** Resolves when the signal is aborted, or after a time. */
function aborted(signal: AbortSignal, afterMs: number | null): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = afterMs === null ? undefined : setTimeout(done, afterMs);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done);
  });
}
