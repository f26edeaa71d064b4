import { rm } from "node:fs/promises";
import { LocalFleet, ProgramFailed } from "@muster/local-fleet";
import { playDemo, type Act, type DemoOptions } from "./demo.ts";
import { Narrator } from "./narrator.ts";

export interface RunOptions extends DemoOptions {
  /** Stay up afterwards, until a signal. */
  readonly keep: boolean;
  readonly colour: boolean;
  readonly write: (text: string) => void;
}

/** Plays the demonstration, prints the closing tables, and either stays up or takes everything down again. */
export async function runDemo(options: RunOptions, signal: AbortSignal): Promise<void> {
  const narrator = new Narrator(options);
  await rm(options.folder, { recursive: true, force: true });
  narrator.title("Muster: a signed release reaches real agents, and a broken one comes back by itself");
  narrator.scene("A release key and a server");
  const fleet = await LocalFleet.start(options);
  try {
    await Promise.race([tell(fleet, narrator, options), aborted(signal)]);
    if (options.keep && !signal.aborted) await aborted(signal);
  } catch (error) {
    if (error instanceof ProgramFailed) narrator.quote(error.output);
    throw error;
  } finally {
    await fleet.stop();
    if (!options.keep) await rm(options.folder, { recursive: true, force: true });
  }
}

async function tell(fleet: LocalFleet, narrator: Narrator, options: RunOptions): Promise<void> {
  const startedAt = performance.now();
  const acts = await playDemo(fleet, narrator, options);
  narrator.scene("What happened");
  narrator.table([
    ["release", "what it is", "result", "hosts touched", "seconds"],
    ...acts.map((act) => [act.release, act.what, act.result, act.touched, act.seconds]),
  ]);
  narrator.say("");
  narrator.table(await hostRows(fleet, acts));
  narrator.title(`Done in ${((performance.now() - startedAt) / 1000).toFixed(0)} seconds.`);
  if (options.keep) {
    narrator.say(`Open ${fleet.server.url} and sign in with this token:`);
    narrator.say(fleet.server.token);
    narrator.say("Everything stays up; Ctrl-C ends it.");
  } else {
    narrator.say("To look around in the browser with everything running: npm run demo -- --keep");
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Per host: what it runs now, and how long each update kept it away. */
async function hostRows(fleet: LocalFleet, acts: readonly Act[]): Promise<string[][]> {
  const ended = acts.flatMap(({ ending, release }) => (ending ? [{ release, targets: ending.targets }] : []));
  const head = ["host", "runs now", ...ended.map(({ release }) => `${release} (away for)`)];
  const rows = await Promise.all(
    fleet.hosts.map(async (host) => [
      host.name,
      await host.currentVersion(),
      ...ended.map(({ targets }) => {
        const target = targets.find(({ hostname }) => hostname === host.name);
        if (!target || target.state === "pending" || target.state === "canceled") return "not touched";
        const away = target.downtimeMs === null ? "" : ` (${(target.downtimeMs / 1000).toFixed(2)} s)`;
        return `${target.state.replace("_", " ")}${away}`;
      }),
    ]),
  );
  return [head, ...rows];
}
