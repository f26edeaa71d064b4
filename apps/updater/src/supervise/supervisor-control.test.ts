import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { execPath } from "node:process";
import { describe, expect, onTestFinished, test } from "vitest";
import { hostLayout } from "@muster/core";
import { nodeHostFs } from "../fs/node-host-fs.ts";
import { linuxBootId, linuxClock } from "../host/linux-clock.ts";
import { linuxProcessTable, readStat } from "../lock/process-table.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { isRunning } from "../testing/updater-process.ts";
import { readPayloadRecord, writePayloadRecord } from "./payload-record.ts";
import { supervisorControl } from "./supervisor-control.ts";

const bootId = linuxBootId();
const clock = linuxClock(bootId);

function control(graceMs?: number) {
  const layout = hostLayout(temporaryFolder());
  const processes = linuxProcessTable(bootId);
  const service = supervisorControl({
    layout,
    clock,
    processes,
    ...(graceMs === undefined ? {} : { graceMs }),
  });
  return { layout, service };
}

/** A process that prints when it is ready, in a group of its own. */
async function start(script: string) {
  const child = spawn(execPath, ["-e", `${script}; console.log("ready"); setInterval(() => {}, 1000)`], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const pid = child.pid ?? 0;
  const record = {
    bootId,
    pid,
    startTicks: readStat(pid)?.startTicks ?? 0,
    startedAtMs: clock.now().monotonicMs,
  };
  return { child, record };
}

describe("a payload under the supervisor", { timeout: 60_000 }, () => {
  test("that ends when it is asked to is gone, at a time that is known", async () => {
    const { layout, service } = control();
    const { child, record } = await start("");
    writePayloadRecord(nodeHostFs, layout, record);
    expect(service.payload()).toEqual({ kind: "running", sinceMs: record.startedAtMs });
    const ended = once(child, "exit");
    expect(await service.stop()).toMatchObject({ bootId });
    expect(await ended).toEqual([null, "SIGTERM"]);
    expect(service.payload()).toEqual({ kind: "stopped" });
  });

  test("that does not is ended by force", async () => {
    const { layout, service } = control(100);
    const { child, record } = await start('process.on("SIGTERM", () => {})');
    writePayloadRecord(nodeHostFs, layout, record);
    const ended = once(child, "exit");
    await service.stop();
    expect(await ended).toEqual([null, "SIGKILL"]);
  });

  test("that is gone already need not be stopped", async () => {
    const { layout, service } = control();
    const { child, record } = await start("");
    writePayloadRecord(nodeHostFs, layout, record);
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    expect(await service.stop()).toBeNull();
  });

  test("is not confused with another process that has its pid now", async () => {
    const { layout, service } = control();
    const { record } = await start("");
    writePayloadRecord(nodeHostFs, layout, { ...record, startTicks: record.startTicks - 1 });
    expect(await service.stop()).toBeNull();
    expect(isRunning(record.pid)).toBe(true);
  });

  test.for([null, "", "{", '{"schema":1,"pid":-1}'])(
    "without a record that can be read (%j) nothing is known",
    async (text) => {
      const { layout, service } = control();
      if (text !== null) writeFileSync(layout.payloadProcess, text);
      expect(service.payload()).toEqual({ kind: "unknown" });
      expect(await service.stop()).toBeNull();
    },
  );
});

test("the record of a payload is what was written last", () => {
  const layout = hostLayout(temporaryFolder());
  const record = { bootId: "boot-1", pid: 7, startTicks: 70, startedAtMs: 700 };
  writePayloadRecord(nodeHostFs, layout, record);
  writePayloadRecord(nodeHostFs, layout, { ...record, pid: 8 });
  expect(readPayloadRecord(layout)).toMatchObject({ ...record, pid: 8 });
});
