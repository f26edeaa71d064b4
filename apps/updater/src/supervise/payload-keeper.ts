import { setTimeout as sleep } from "node:timers/promises";
import { asMusterError } from "@muster/core";
import { entryAt } from "../fs/reading.ts";
import type { Host } from "../ports.ts";
import { LAUNCH_LINE } from "../versions/output-tail.ts";
import { CALM_AFTER_MS, restartDelayMs } from "./backoff.ts";
import { writePayloadRecord, type PayloadRecord } from "./payload-record.ts";
import { startPayload, type Program, type RunningPayload } from "./payload-process.ts";
import type { RotatingLog } from "./rotating-log.ts";
import { STOP_GRACE_MS } from "./supervisor-control.ts";

/** When writing the payload down is tried again. */
const RECORD_AGAIN_MS = 1000;

export interface KeeperOptions {
  readonly host: Host;
  readonly program: Program;
  readonly log: RotatingLog;
  /** Where the payload's output goes besides the log. */
  readonly forward: (bytes: Uint8Array, stream: "stdout" | "stderr") => void;
  /** Between 0 and 1. */
  readonly chance: () => number;
}

export interface PayloadKeeper {
  /** Settles when the payload is gone for good. */
  readonly done: Promise<void>;
  /** `current` may point elsewhere: a delay before the next start is not needed any more. */
  nudge(): void;
  /** Ends the payload, by force after a grace, and starts it no more. */
  stop(): void;
}

/** Keeps the payload running: starts it again whenever it ends, later and later while it ends soon after its start. */
export function keepPayload(options: KeeperOptions): PayloadKeeper {
  const stopping = new AbortController();
  let running: RunningPayload | null = null;
  let wake: (() => void) | null = null;
  const rest = (delayMs: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const keep = async () => {
    let quickEnds = 0;
    while (!stopping.signal.aborted) {
      const before = linkIdentity(options.host);
      const startedAtMs = options.host.clock.now().monotonicMs;
      running = started(options, startedAtMs);
      await running?.ended;
      running = null;
      const calm = options.host.clock.now().monotonicMs - startedAtMs >= CALM_AFTER_MS;
      // Another version than the one whose ends were counted; also if it is the one before, come back.
      const moved = linkIdentity(options.host) !== before;
      quickEnds = calm || moved ? 1 : quickEnds + 1;
      const delayMs = restartDelayMs(quickEnds, options.chance());
      if (delayMs > 0 && !stopping.signal.aborted) await rest(delayMs);
    }
  };
  return {
    done: keep(),
    nudge: () => wake?.(),
    stop: () => {
      stopping.abort();
      wake?.();
      running?.signal("SIGTERM");
      setTimeout(() => running?.signal("SIGKILL"), STOP_GRACE_MS).unref();
    },
  };
}

/** Changes whenever `current` is made to point somewhere, even to where it pointed before. */
function linkIdentity({ layout }: Host): string {
  const link = entryAt(layout.current);
  return link === null ? "" : `${link.ino} ${link.ctimeMs}`;
}

function started({ host, program, log, forward }: KeeperOptions, startedAtMs: number): RunningPayload | null {
  // The process before this one may have ended in the middle of a line.
  log.write(Buffer.from(`\n${LAUNCH_LINE}\n`));
  const payload = startPayload({
    program,
    root: host.layout.root,
    onOutput: (bytes, stream) => {
      log.write(bytes);
      forward(bytes, stream);
    },
  });
  if (payload === null) {
    host.say("the payload's process could not be started");
    return null;
  }
  const { pid, startTicks } = payload;
  const { bootId } = host.processes.self();
  void keepRecord(host, { bootId, pid, startTicks, startedAtMs }, payload.ended);
  return payload;
}

/** The first try is made before this returns. A full disk must cost no payload, but an updater must know of it once it can. */
async function keepRecord(host: Host, record: PayloadRecord, ended: Promise<void>): Promise<void> {
  const over = ended.then(() => true);
  for (let said = false, isOver = false; !isOver; said = true) {
    try {
      writePayloadRecord(host.fs, host.layout, record);
      return;
    } catch (error) {
      const { code, message } = asMusterError(error);
      if (!said) host.say(`the payload's process is not written down yet: ${code}: ${message}`);
    }
    isOver = await Promise.race([over, sleep(RECORD_AGAIN_MS, false)]);
  }
}
