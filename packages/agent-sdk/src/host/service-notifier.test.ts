import { expect, test } from "vitest";
import { createServiceNotifier } from "./service-notifier.ts";

function notifier(env: Record<string, string>) {
  const sent: string[] = [];
  const time = { nowMs: 0 };
  const notify = createServiceNotifier({
    env,
    monotonicMs: () => time.nowMs,
    send: (...assignments) => sent.push(assignments.join(" ")),
  });
  return { notify, sent, time };
}

const UNDER_SYSTEMD = { NOTIFY_SOCKET: "/run/systemd/notify" };

test("readiness is told once", () => {
  const { notify, sent } = notifier(UNDER_SYSTEMD);
  notify.ready();
  notify.ready();
  expect(sent).toEqual(["READY=1 WATCHDOG=1"]);
});

test("signs of life are passed on three times in the time that the watchdog grants", () => {
  const { notify, sent, time } = notifier({ ...UNDER_SYSTEMD, WATCHDOG_USEC: "60000000" });
  notify.ready();
  for (time.nowMs = 0; time.nowMs < 60_000; time.nowMs += 5000) notify.alive();
  expect(sent).toEqual(["READY=1 WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]);
});

test.for([
  ["without a watchdog", UNDER_SYSTEMD],
  ["with a watchdog on another process", { ...UNDER_SYSTEMD, WATCHDOG_USEC: "1000", WATCHDOG_PID: "1" }],
  ["with a watchdog that is switched off", { ...UNDER_SYSTEMD, WATCHDOG_USEC: "0" }],
] as const)("%s no sign of life is asked for", ([, env]) => {
  const { notify, sent, time } = notifier(env);
  notify.ready();
  time.nowMs = 1_000_000;
  notify.alive();
  expect(sent).toEqual(["READY=1 WATCHDOG=1"]);
});

test("without a service manager nothing is sent", () => {
  const { notify, sent } = notifier({ WATCHDOG_USEC: "1000" });
  notify.ready();
  notify.alive();
  expect(sent).toEqual([]);
});
