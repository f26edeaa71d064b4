import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { HostLayout, Version } from "@muster/core";
import type { CrashHost } from "./host/crash-host.ts";
import { ADDED_SETTINGS, OLD_SETTINGS, SETTINGS } from "./host/payload.ts";
import { NotStarted } from "./host/process.ts";
import type { Scenario } from "./scenario.ts";
import {
  floorOf,
  floorSetBy,
  leftovers,
  linkedVersion,
  namesIn,
  notBelow,
  outcomesOf,
  readJournal,
  treeProblems,
} from "./verdict.ts";

export interface Expectations {
  readonly scenario: Pick<Scenario, "target" | "endings">;
  /** The floor before the work began. */
  readonly floor: Version;
  /** Whether it had settings. */
  readonly settings: boolean;
  /** The trust anchor of the package. */
  readonly anchor: Uint8Array;
}

/** Exit codes of an updater that has brought the host to rest: done, failed before the switch, rolled back. */
const AT_REST: readonly (number | null)[] = [0, 3, 4];

/** An updater that has not come to its end by then never will: longer than any deadline of the scenarios. */
const UPDATER_LIMIT_MS = 120_000;

/**
 * Runs on a host what its next boot runs — a start of the payload, then the updater, then another start — and gives what
 * is wrong with it on the way. A host with nothing wrong was not lost.
 */
export async function recoveryProblems(host: CrashHost, expected: Expectations): Promise<readonly string[]> {
  try {
    const problems = await nextBootProblems(host, expected);
    return problems.length > 0 ? problems : await laterProblems(host);
  } catch (error) {
    if (error instanceof NotStarted) throw error;
    return [error instanceof Error ? error.message : String(error)];
  }
}

async function nextBootProblems(host: CrashHost, expected: Expectations): Promise<readonly string[]> {
  const service = host.startService();
  try {
    const problems = startProblems(host.layout, await service.started(), expected);
    if (problems.length > 0) return problems;
    const floor = floorOf(host.layout);
    const { code, output } = await host.updater(["apply"]).endedWithin(UPDATER_LIMIT_MS);
    if (!AT_REST.includes(code)) return [`the updater ended with ${code}: ${output.trim()}`];
    // The start of what the updater has left may still be on its way.
    await service.started();
    await service.kill();
    return endProblems(host.layout, { ...expected, floor });
  } finally {
    await service.kill();
  }
}

/** The first start after the crash must run a good version. */
function startProblems(
  layout: HostLayout,
  started: Version | null,
  { floor, anchor }: Expectations,
): readonly string[] {
  const current = linkedVersion(layout.current);
  if (started === null || current === null) return ["no version is started"];
  return [
    ...(started === current ? [] : [`${started} runs, and current points at ${current}`]),
    ...treeProblems(layout, current, anchor),
    ...floorProblems(layout, floor),
    ...(readJournal(layout).kind === "corrupt" ? ["the journal was not healed"] : []),
  ];
}

/** And the updater after it brings everything to its end. */
function endProblems(
  layout: HostLayout,
  { scenario, floor, settings, anchor }: Expectations,
): readonly string[] {
  const current = linkedVersion(layout.current);
  const reading = readJournal(layout);
  const state = reading.kind === "read" ? reading.journal.state.kind : reading.kind;
  return [
    // A host on which nothing was ever updated, or whose journal was set aside, may have none.
    ...(state === "steady" || (state === "absent" && scenario.target === null)
      ? []
      : [`the journal is ${state} at the end`]),
    ...namesIn(layout.versions).flatMap((version) => treeProblems(layout, version, anchor)),
    ...floorProblems(layout, floor),
    ...(current === null ? [] : floorProblems(layout, floorSetBy(layout, current))),
    ...endingProblems(layout, scenario, current),
    ...(settings && current === "1.0.0" ? settingsProblems(layout) : []),
    ...leftovers(layout),
  ];
}

/** The version that runs and what is said of the target belong together, and are one of the scenario's endings. */
function endingProblems(
  layout: HostLayout,
  { target, endings }: Expectations["scenario"],
  current: Version | null,
): readonly string[] {
  const outcomes = target === null ? [] : outcomesOf(layout, target);
  if (target !== null && endings.some(({ outcome }) => outcome !== null) && outcomes.length !== 1)
    return [`${target} has ${outcomes.length} outcomes`];
  const [outcome] = outcomes;
  const said = outcome === undefined ? null : `${outcome.result} ${outcome.code ?? ""}`.trim();
  const wrong = outcome !== undefined && outcome.survivingVersion !== current;
  const foreseen = endings.some((ending) => ending.current === current && ending.outcome === said);
  return [
    ...(wrong ? [`the outcome says that ${outcome.survivingVersion ?? "nothing"} runs, not ${current}`] : []),
    ...(foreseen ? [] : [`it ended with ${current} and ${said ?? "no outcome"}`]),
  ];
}

/** Another start, with nothing left to do, changes nothing. */
async function laterProblems(host: CrashHost): Promise<readonly string[]> {
  const before = { current: linkedVersion(host.layout.current), journal: readJournal(host.layout) };
  const service = host.startService();
  try {
    const started = await service.started();
    const same = JSON.stringify(readJournal(host.layout)) === JSON.stringify(before.journal);
    return [
      ...(started === before.current ? [] : [`a later start runs ${started}`]),
      ...(same ? [] : ["a later start changes the journal"]),
    ];
  } finally {
    await service.kill();
  }
}

function floorProblems(layout: HostLayout, least: Version): readonly string[] {
  const floor = floorOf(layout);
  return notBelow(floor, least) ? [] : [`the floor is ${floor}, and was ${least}`];
}

/** The old version has the settings that it had. */
function settingsProblems({ root }: HostLayout): readonly string[] {
  const at = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : null);
  return [
    ...(at(SETTINGS) === OLD_SETTINGS ? [] : ["the settings are not those of the version that runs"]),
    ...(at(ADDED_SETTINGS) === null ? [] : [`${ADDED_SETTINGS} is of the version that was left`]),
  ];
}
