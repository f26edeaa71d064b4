import type { BenchOptions, Measure } from "../arguments/bench-arguments.ts";
import type { Figure } from "./figure.ts";
import { openGround, type BenchTools } from "./ground.ts";
import { downtimeFigures, measureDowntime, rawStarts } from "./measures/downtime.ts";
import { faultsFigures, measureHalt, measureTerminal } from "./measures/faults.ts";
import { footprintFigures, measureFootprint } from "./measures/footprint.ts";
import { measurePush, pushFigures } from "./measures/push.ts";
import { measureRollout, rawDownloadSeconds, rolloutFigures, VARIANTS } from "./measures/rollout.ts";
import { connectFleet, holdSockets, streamsFigures } from "./measures/streams.ts";

/** What a bare push sends when no real one was measured, in bytes. */
const USUAL_ASSIGNMENT_BYTES = 2000;
/** Measured with a server and hosts of their own. */
const ON_REAL_HOSTS: readonly Measure[] = ["downtime", "footprint"];

/** Measures what is asked for, on one server for all that has the same number of agents. */
export async function bench(options: BenchOptions, tools: BenchTools): Promise<readonly Figure[]> {
  const { agents, streams, only } = options;
  const wants = (...measures: Measure[]) => measures.some((measure) => only.includes(measure));
  const figures: Figure[] = [];
  if (wants("streams") && streams !== agents) {
    figures.push(...(await onOneGround(streams, ["streams"], tools)));
  }
  const rest = only.filter((measure) => measure !== "streams" || streams === agents);
  if (rest.some((measure) => !ON_REAL_HOSTS.includes(measure)))
    figures.push(...(await onOneGround(agents, rest, tools)));
  if (wants("downtime")) {
    const result = await measureDowntime(tools);
    figures.push(...downtimeFigures(result, await rawStarts(tools)));
  }
  if (wants("footprint")) figures.push(...footprintFigures(await measureFootprint(tools, options)));
  return figures;
}

/**
 * Everything that one server and its fleet are measured for. Baselines of time follow at once, when the machine is as
 * it was; those of memory when server and fleet are gone.
 */
async function onOneGround(
  agents: number,
  measures: readonly Measure[],
  tools: BenchTools,
): Promise<readonly Figure[]> {
  const wants = (measure: Measure) => measures.includes(measure);
  tools.tell(`a server of its own, and ${agents} agents`);
  const ground = await openGround(tools, agents);
  const held = await connectFleet(ground, tools, wants("streams"));
  const push = wants("push") ? await measurePush(ground, tools) : null;
  const rollouts: Figure[] = [];
  if (wants("rollout")) {
    for (const variant of VARIANTS) {
      const result = await measureRollout(ground, variant, tools);
      const raw = await rawDownloadSeconds(tools, { count: agents, atOnce: variant.maxInFlight });
      rollouts.push(...rolloutFigures(result, raw, agents));
    }
  }
  const faults = wants("faults")
    ? faultsFigures(await measureHalt(ground, tools), await measureTerminal(ground, tools), agents)
    : [];
  await ground.stop();

  const figures: Figure[] = [];
  if (wants("streams") || push) {
    const raw = await holdSockets(tools, { count: agents, pushBytes: push?.bytes ?? USUAL_ASSIGNMENT_BYTES });
    if (wants("streams")) figures.push(...streamsFigures(held, raw, agents));
    if (push) figures.push(...pushFigures(push, raw));
  }
  return [...figures, ...rollouts, ...faults];
}
