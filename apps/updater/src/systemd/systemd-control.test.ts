import { spawn } from "node:child_process";
import { once } from "node:events";
import { execPath } from "node:process";
import { describe, expect, onTestFinished, test } from "vitest";
import { linuxBootId, linuxClock } from "../host/linux-clock.ts";
import { linuxProcessTable, readStat } from "../lock/process-table.ts";
import { systemdControl, type RunCommand } from "./systemd-control.ts";

const bootId = linuxBootId();
const clock = linuxClock(bootId);
const DONE = { exitCode: 0, stdout: "", stderr: "" };

/** The service under a systemd that answers from a script. */
function under(answer: (line: string) => Partial<ReturnType<RunCommand>>) {
  const asked: string[] = [];
  const service = systemdControl({
    unit: "acme.service",
    clock,
    processes: linuxProcessTable(bootId),
    bootId,
    run: (file, args) => {
      const line = [file, ...args].join(" ");
      asked.push(line);
      return { ...DONE, ...answer(line) };
    },
  });
  return { service, asked: () => asked.filter((line) => !line.startsWith("systemctl show")) };
}

const shows = (active: string, mainPid: number) => (line: string) =>
  line.startsWith("systemctl show") ? { stdout: `ActiveState=${active}\nMainPID=${mainPid}\n` } : {};

async function start() {
  const child = spawn(execPath, ["-e", 'console.log("ready"); setInterval(() => {}, 1000)'], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return { child, pid: child.pid ?? 0 };
}

describe("the payload", { timeout: 60_000 }, () => {
  test("runs since its process was started, on the clock that health is told by", async () => {
    const before = clock.now().monotonicMs;
    const { pid } = await start();
    const payload = under(shows("active", pid)).service.payload();
    expect(payload).toEqual({ kind: "running", sinceMs: (readStat(pid)?.startTicks ?? 0) * 10 });
    // Clock ticks are ten milliseconds, rounded down.
    expect(payload.kind === "running" ? payload.sinceMs : 0).toBeGreaterThanOrEqual(before - 10);
  });

  test.for([
    ["without a process", shows("activating", 0), { kind: "stopped" }],
    ["with one that has just ended", shows("active", 4_194_303), { kind: "stopped" }],
    ["that systemd says nothing of", () => ({ exitCode: 1 }), { kind: "unknown" }],
  ] as const)("%s", ([, answer, expected]) => {
    expect(under(answer).service.payload()).toEqual(expected);
  });

  test("is ended by a job of systemd's, and the time it was gone is told", async () => {
    const { child, pid } = await start();
    const { service, asked } = under((line) => {
      if (line.includes("restart")) child.kill("SIGTERM");
      return shows("active", pid)(line);
    });
    const since = clock.now().monotonicMs;
    const ended = await service.stop();
    expect(ended?.monotonicMs).toBeGreaterThanOrEqual(since);
    expect(asked()).toEqual([
      "systemctl reset-failed acme.service",
      "systemctl restart --no-block acme.service",
      "journalctl --sync",
    ]);
  });

  test("that systemd has given up on is started again", async () => {
    const { service, asked } = under(shows("failed", 0));
    expect(await service.stop()).toBeNull();
    expect(asked()).toEqual([
      "systemctl reset-failed acme.service",
      "systemctl restart --no-block acme.service",
    ]);
  });

  test("that somebody has stopped stays stopped", async () => {
    const { service, asked } = under(shows("inactive", 0));
    expect(await service.stop()).toBeNull();
    expect(asked()).toEqual([]);
  });

  test("when systemd refuses, that is told", async () => {
    const { service } = under((line) =>
      line.includes("restart")
        ? { exitCode: 4, stderr: "Unit acme.service not loaded.\n" }
        : shows("failed", 0)(line),
    );
    await expect(service.stop()).rejects.toThrow(
      expect.objectContaining({
        code: "HOST_SERVICE_FAILED",
        details: {
          unit: "acme.service",
          command: "systemctl restart",
          problem: "Unit acme.service not loaded.",
        },
      }),
    );
  });

  test("what it printed is what the journal has", () => {
    const { service } = under((line) => (line.startsWith("journalctl") ? { stdout: "one\ntwo\n" } : {}));
    expect(service.output()).toBe("one\ntwo\n");
  });
});
