import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "@muster/local-fleet";
import { isVersion, parse, type HostLayout, type Version } from "@muster/core";
import type { Running } from "./process.ts";

/** What keeps the payload of a host running, as the service manager of a host does. */
export interface Service {
  /** Waits until a version runs that this service has started; null if the start came to nothing. */
  started(): Promise<Version | null>;
  /** Ends the payload at once and starts it no more. */
  kill(): Promise<void>;
}

export interface ServiceOptions {
  readonly layout: HostLayout;
  readonly bootId: string;
  /** Starts the launcher, which becomes the payload. */
  readonly launch: () => Running;
}

/** Starts the payload, and again whenever it ends. */
export function keepPayloadRunning({ layout, bootId, launch }: ServiceOptions): Service {
  const stopping = new AbortController();
  let running: Running | null = null;
  let fruitless = false;
  const keep = async () => {
    for (let starts = 1; !stopping.signal.aborted; starts += 1) {
      running = launch();
      record(layout, bootId, running.pid);
      const { code } = await running.ended;
      fruitless = code === NO_VERSION || starts >= STARTS_MAX;
      if (fruitless) return;
    }
  };
  const done = keep();
  // Whoever waits for the end learns of it.
  done.catch(() => {});
  return {
    started: () =>
      until(
        "a start of the payload",
        () => {
          if (fruitless) return { version: null };
          const found = startedAs(layout);
          return found !== null && found.pid === running?.pid && { version: found.version };
        },
        { everyMs: 5, timeoutMs: 30_000 },
      ).then(({ version }) => version),
    kill: async () => {
      stopping.abort();
      await running?.kill();
      await done;
    },
  };
}

/** Far more than any host of the scenarios needs until a version stays. */
const STARTS_MAX = 15;

/** The updater's exit code for a host without any version. */
const NO_VERSION = 6;

/** Whom the updater is to end when it switches: the file in which the supervisor says so. */
function record({ payloadProcess }: HostLayout, bootId: string, pid: number): void {
  const fresh = `${payloadProcess}.service`;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // proc_pid_stat(5): the 22nd field; the second one is in brackets and may hold anything.
  const startTicks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  const startedAtMs = Number(process.hrtime.bigint() / 1_000_000n);
  writeFileSync(fresh, JSON.stringify({ schema: 1, bootId, pid, startTicks, startedAtMs }));
  renameSync(fresh, payloadProcess);
}

const startedDecoder = parse.object({
  version: parse.string({ max: 64 }),
  pid: parse.integer({ min: 1 }),
});

/** Which process the payload says it is; null if none has said so. */
export function startedAs({ run }: HostLayout): { readonly version: Version; readonly pid: number } | null {
  try {
    const text = readFileSync(join(run, "started.json"), "utf8");
    const { version, pid } = parse.decodeJson(startedDecoder, text, "REQUEST_INVALID");
    return isVersion(version) ? { version, pid } : null;
  } catch {
    // Not there yet, or left torn by a crash.
    return null;
  }
}
