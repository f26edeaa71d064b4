import { setTimeout as sleep } from "node:timers/promises";
import {
  createServiceNotifier,
  startAgent,
  type AgentLog,
  type LogLevel,
  type RunningAgent,
  type ServiceNotifier,
} from "@muster/agent-sdk";
import { MusterError } from "@muster/core";
import { interpretOnly } from "../interpret-only.ts";
import { createLineLog } from "../line-log.ts";
import { ownVersion } from "../version.ts";

/** How often a host that is not enrolled is looked at again. */
const WAIT_MS = 1000;
/** Leaving in order may take so long; a host that updates is down meanwhile. */
const LEAVE_MS = 500;

/** Runs the agent until it is told to end. A host that is not enrolled yet is waited for. */
export async function run({ root }: { readonly root: string }): Promise<void> {
  interpretOnly();
  const log = createLineLog((line) => void process.stdout.write(`${line}\n`));
  const { promise: told, resolve: tell } = Promise.withResolvers<void>();
  process.on("SIGTERM", () => tell());
  process.on("SIGINT", () => tell());
  const version = ownVersion();
  log.info("starting", { version });
  const notifier = createServiceNotifier();
  const start = () =>
    startAgent({
      root,
      notifier,
      version,
      log,
      selfChecks: [{ name: "memory", run: memoryCheck }],
      onLogLevel: (level: LogLevel) => log.setLevel(level),
      onRestart: () => tell(),
    });
  const agent = await Promise.race([whenEnrolled(start, { log, notifier }), told]);
  await told;
  log.info("ending", { version });
  await Promise.race([agent?.stop(), sleep(LEAVE_MS)]);
  // Whatever it still waits for, an enrolment for one, is waited for by the next process.
  process.exit(0);
}

async function whenEnrolled(
  start: () => Promise<RunningAgent>,
  { log, notifier }: { readonly log: AgentLog; readonly notifier: ServiceNotifier },
): Promise<RunningAgent> {
  for (let said = false; ; said = true) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof MusterError && error.code === "ENROLMENT_MISSING")) throw error;
      if (!said) log.warn("this host is not enrolled: run muster-agent enroll; waiting");
      // Waiting is what a host that is not enrolled is to do.
      notifier.ready();
      notifier.alive();
      await sleep(WAIT_MS);
    }
  }
}

/** A version that leaks is not healthy, however well it is connected. */
function memoryCheck() {
  const MEMORY_MAX_BYTES = 1024 ** 3;
  const used = process.memoryUsage.rss();
  return { ok: used < MEMORY_MAX_BYTES, message: `${Math.round(used / 1024 ** 2)} MiB used` };
}
