import { spawn } from "node:child_process";

/** Tells the service manager how the process is; nothing happens where there is none. Nothing here throws. */
export interface ServiceNotifier {
  /** The service works. Idempotent. */
  ready(): void;
  /** The process is alive: call it often, it is passed on as seldom as the service manager's watchdog allows. */
  alive(): void;
}

export interface NotifierPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly monotonicMs: () => number;
  /** Sends assignments like `READY=1`. */
  readonly send: (...assignments: readonly string[]) => void;
}

/** A third of the time that the watchdog grants, so that one message may be lost. */
const SHARE = 3;

/**
 * The service manager of this process, by the protocol of sd_notify(3): `NOTIFY_SOCKET` and `WATCHDOG_USEC` in the
 * environment say whether and how often. Node has no datagram sockets of this kind, so `systemd-notify` sends.
 */
export function createServiceNotifier(ports: Partial<NotifierPorts> = {}): ServiceNotifier {
  const { env = process.env, monotonicMs = () => performance.now(), send = sendByProgram } = ports;
  if (!env["NOTIFY_SOCKET"]) return { ready: () => {}, alive: () => {} };
  const everyMs = watchdogMs(env) / SHARE;
  let isReady = false;
  let saidAtMs = Number.NEGATIVE_INFINITY;
  return {
    ready: () => {
      if (isReady) return;
      isReady = true;
      saidAtMs = monotonicMs();
      send("READY=1", "WATCHDOG=1");
    },
    alive: () => {
      if (monotonicMs() - saidAtMs < everyMs) return;
      saidAtMs = monotonicMs();
      send("WATCHDOG=1");
    },
  };
}

/** Infinite without a watchdog, or with one for another process: `launch` keeps the process it became this one from. */
function watchdogMs(env: NotifierPorts["env"]): number {
  const { WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = env;
  const ms = Number(usec) / 1000;
  const isOurs = pid === undefined || Number(pid) === process.pid;
  return isOurs && ms > 0 ? ms : Number.POSITIVE_INFINITY;
}

function sendByProgram(...assignments: readonly string[]): void {
  const child = spawn("systemd-notify", assignments, { stdio: "ignore" });
  // Without it the service manager misses a sign of life, and does what its watchdog is for.
  child.on("error", () => {});
}
