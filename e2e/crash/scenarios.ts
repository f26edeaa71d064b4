import type { CrashGround } from "./ground.ts";
import { handOver, targetOf } from "./host/release.ts";
import {
  cutOffBeforeTheSwitch,
  damageJournal,
  damageVersions,
  established,
  PATIENT,
  SHORT,
  startedOnce,
  switchedTo,
} from "./preparation.ts";
import type { Ending, Scenario } from "./scenario.ts";

const TARGET = targetOf("1.1.0");
const INTERRUPTED: Ending = { current: "1.0.0", outcome: "failed UPDATE_INTERRUPTED" };

/** Everything the updater does that changes a host, each on the host on which it does it. */
export function scenarios({ barePackage, seededPackage, releases }: CrashGround): readonly Scenario[] {
  const { old, good, silent, crashing, unusable } = releases;
  const update = { packageFolder: barePackage, target: TARGET, command: ["apply"], served: true };
  const start = { packageFolder: barePackage, target: TARGET, command: ["decide"], served: false };
  const untold = { target: null, served: false, packageFolder: seededPackage };
  return [
    {
      ...untold,
      name: "the first version is installed",
      prepare: async () => {},
      command: ["seed", old.folder],
      endings: [{ current: "1.0.0", outcome: null }],
    },
    {
      ...update,
      name: "an update to a good version",
      prepare: async (host) => {
        await established(host, releases);
        await handOver(host.layout, good, PATIENT);
      },
      endings: [{ current: "1.1.0", outcome: "healthy" }, INTERRUPTED],
    },
    {
      ...update,
      name: "an update to a version that cannot start here",
      prepare: async (host) => {
        await established(host, releases);
        await handOver(host.layout, unusable, PATIENT);
      },
      endings: [{ current: "1.0.0", outcome: "failed PREFLIGHT_FAILED" }, INTERRUPTED],
    },
    {
      ...update,
      name: "the updater goes back at the deadline",
      prepare: async (host) => {
        await established(host, releases);
        await switchedTo(host, silent, SHORT);
      },
      endings: [{ current: "1.0.0", outcome: "rolled_back PROBATION_DEADLINE" }],
    },
    {
      ...start,
      name: "a start goes back from a crashing version",
      prepare: async (host) => {
        await established(host, releases);
        await switchedTo(host, crashing, { ...PATIENT, maxBoots: 1 });
        await startedOnce(host);
      },
      endings: [{ current: "1.0.0", outcome: "rolled_back PROBATION_CRASHED" }],
    },
    {
      ...start,
      name: "a start undoes half a switch",
      prepare: async (host) => {
        await established(host, releases);
        await cutOffBeforeTheSwitch(host, good);
      },
      endings: [INTERRUPTED],
    },
    {
      ...start,
      name: "a start heals a damaged journal",
      prepare: async (host) => {
        await established(host, releases);
        await switchedTo(host, good, PATIENT);
        await damageJournal(host);
      },
      target: null,
      endings: [{ current: "1.0.0", outcome: null }],
    },
    {
      ...untold,
      name: "a start heals damaged versions",
      prepare: async (host) => {
        await established(host, releases);
        await damageVersions(host);
      },
      command: ["decide"],
      endings: [{ current: "1.0.0", outcome: null }],
    },
    {
      ...untold,
      name: "a version that crashes for good is left",
      packageFolder: barePackage,
      prepare: (host) => established(host, releases),
      command: ["recover", "--crash-loop"],
      endings: [
        { current: "0.9.0", outcome: null },
        { current: "1.0.0", outcome: null },
      ],
    },
  ];
}
