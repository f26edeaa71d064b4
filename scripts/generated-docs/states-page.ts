import {
  EXCLUSION_TEXT,
  HOST_TRANSITIONS,
  REASON_TEXT,
  RELEASE_TRANSITIONS,
  ROLLOUT_TRANSITIONS,
  TARGET_TRANSITIONS,
  WAVE_TRANSITIONS,
} from "../../packages/core/src/index.ts";
import { page, table } from "./markdown.ts";

type Table = Readonly<Record<string, readonly string[]>>;

/** What each machine is of, in the order of the page, with the state it begins in. */
const MACHINES: { title: string; about: string; start: string; table: Table }[] = [
  { title: "Release", about: "A version in the registry.", start: "draft", table: RELEASE_TRANSITIONS },
  {
    title: "Rollout",
    about: "A cohort on its way to a release. It can be paused before it starts.",
    start: "scheduled",
    table: ROLLOUT_TRANSITIONS,
  },
  {
    title: "Wave",
    about: "A slice of the cohort. A failed one opens again when an operator resumes the rollout.",
    start: "waiting",
    table: WAVE_TRANSITIONS,
  },
  {
    title: "Target",
    about: "One agent in one rollout. Stages may be skipped, and are never gone back to.",
    start: "pending",
    table: TARGET_TRANSITIONS,
  },
  { title: "Host", about: "The journal of a host's updater.", start: "steady", table: HOST_TRANSITIONS },
];

/** docs/states.md: every machine drawn from its table, and the words for what stands still. */
export function statesPage(): string {
  return page("States", [
    "A state that is not drawn as following another cannot follow it: the code refuses it with a `…_TRANSITION_INVALID`.",
    ...MACHINES.flatMap((machine) => [`## ${machine.title}`, machine.about, drawing(machine)]),
    "## Why it is not moving",
    "What stands still carries exactly one of these reasons.",
    words(REASON_TEXT),
    "## Why an agent is left out",
    "The preview of a rollout names for each excluded agent the most telling of these.",
    words(EXCLUSION_TEXT),
  ]);
}

function drawing({ start, table: transitions }: { start: string; table: Table }): string {
  const arrows = Object.entries(transitions).flatMap(([from, next]) =>
    next.length === 0 ? [`${from} --> [*]`] : next.map((to) => `${from} --> ${to}`),
  );
  const lines = ["stateDiagram-v2", ...[`[*] --> ${start}`, ...arrows].map((arrow) => `  ${arrow}`)];
  return ["```mermaid", ...lines, "```"].join("\n");
}

function words(texts: Readonly<Record<string, string>>): string {
  return table(
    ["word", "in words"],
    Object.entries(texts).map(([word, text]) => [`\`${word}\``, text]),
  );
}
