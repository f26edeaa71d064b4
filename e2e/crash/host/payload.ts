import { readFileSync } from "node:fs";

/** What a version of the stand-in agent does once it runs. */
export type Behaviour =
  /** Says ten times a second that it is connected and well. */
  | "healthy"
  /** Runs, and says nothing. */
  | "silent"
  /** Ends at once. */
  | "crashing"
  /** Cannot even print its version. */
  | "unusable";

export const ENTRYPOINT = "bin/agent";

/** Settings that 1.1.0 rewrites as soon as it runs, and their content before. */
export const SETTINGS = "config/agent.conf";
export const OLD_SETTINGS = '{"setting":"old"}';
/** A file that only the new version has. */
export const ADDED_SETTINGS = "config/added.conf";

const HEALTH =
  '{"schema":1,"version":"%s","bootId":"%s","pid":%d,"writtenAtMs":%d,"connectedSinceMs":%d,"checks":[]}';

const BODIES: Readonly<Record<Behaviour, string>> = {
  healthy: "while :; do report; sleep 0.1; done",
  silent: "exec sleep 1000",
  crashing: "exit 3",
  unusable: "",
};

/**
 * The files of a small payload that behaves like an agent, as far as the updater can tell: it reports its health, and
 * writes to `run/started.json` which process it is. A version that `migrates` writes new settings at its start. It is a
 * script, because it is started thousands of times.
 */
export function payloadFiles(
  version: string,
  { behaviour, migrates }: { readonly behaviour: Behaviour; readonly migrates: boolean },
): readonly PayloadFile[] {
  const migration = migrates
    ? `echo '{}' > "$MUSTER_ROOT/${SETTINGS}"; echo new > "$MUSTER_ROOT/${ADDED_SETTINGS}"`
    : "";
  const agent = `#!/bin/sh
if [ "$1" = --version ]; then ${behaviour === "unusable" ? "exit 127" : `echo ${version}; exit 0`}; fi
run=$MUSTER_ROOT/run
read -r boot < /proc/sys/kernel/random/boot_id
since=
put() { name=$1; shift; printf "$@" > "$run/$name.new"; mv "$run/$name.new" "$run/$name"; }
report() {
  read -r up _ < /proc/uptime
  now=$((\${up%.*}\${up#*.}0 + \${${CLOCK_OFFSET}:-0}))
  since=\${since:-$now}
  put health.json '${HEALTH}' ${version} "$boot" $$ $now $since
}
${migration}
put started.json '{"version":"%s","pid":%d}' ${version} $$
${BODIES[behaviour]}
`;
  return [
    { path: ENTRYPOINT, mode: "0755", content: agent },
    { path: "share/words.txt", mode: "0644", content: `words of ${version}\n` },
  ];
}

export interface PayloadFile {
  readonly path: string;
  readonly mode: "0644" | "0755";
  readonly content: string;
}

/** What a payload adds to the uptime that the kernel tells, in milliseconds, to have the clock of Node's programs. */
const CLOCK_OFFSET = "CRASH_CLOCK_OFFSET_MS";

/** The environment in which a payload tells the time as the updater does: uptime counts the time a machine sleeps. */
export function payloadEnvironment(): Readonly<Record<string, string>> {
  const [uptime = ""] = readFileSync("/proc/uptime", "utf8").split(" ");
  const monotonicMs = Number(process.hrtime.bigint() / 1_000_000n);
  return { [CLOCK_OFFSET]: String(Math.round(monotonicMs - Number(uptime) * 1000)) };
}
