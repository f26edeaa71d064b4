import { expect, test } from "vitest";
import { statusOf } from "../commands/status.ts";
import type { Host } from "../ports.ts";
import { preparedHost } from "../testing/prepared-host.ts";
import { handoffFor, handOver } from "../testing/release-fixture.ts";
import { applyHandoffs, recover } from "./apply.ts";

function killed(): never {
  throw new Error("killed");
}

/** Killed when it has switched and is about to end the old process. */
function killedAfterSwitch(host: Host): Host {
  return {
    ...host,
    service: { ...host.service, stop: killed },
    openPulse: () => ({ next: killed, close: () => {} }),
  };
}

test.for([
  ["applies", applyHandoffs],
  ["recovers", recover],
] as const)("an updater that %s ends the process that the killed one left running", async ([, finish]) => {
  const prepared = await preparedHost({ running: "1.0.0" });
  const release = await prepared.release("1.1.0");
  handOver(prepared.layout, release, handoffFor(release));
  await expect(applyHandoffs(killedAfterSwitch(prepared.host))).rejects.toThrow("killed");
  expect(statusOf(prepared.host)).toMatchObject({ current: "1.1.0", state: { kind: "probation" } });
  const next = prepared.again({ pid: 101, running: "1.0.0" });
  expect(await finish(next.host)).toMatchObject({ kind: "ended", outcome: { result: "healthy" } });
  expect(next.starts).toEqual(["1.1.0"]);
});

test("a version that was started already is left alone", async () => {
  const prepared = await preparedHost();
  const release = await prepared.release("1.1.0");
  handOver(prepared.layout, release, handoffFor(release));
  const { host } = prepared.again({ onStart: killed });
  await expect(applyHandoffs(host)).rejects.toThrow("killed");
  const next = prepared.again({ pid: 101, running: "1.1.0" });
  expect(await applyHandoffs(next.host)).toMatchObject({ kind: "ended", outcome: { result: "healthy" } });
  expect(next.starts).toEqual([]);
});
