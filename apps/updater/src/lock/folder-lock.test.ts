import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { nodeHostFs } from "../fs/node-host-fs.ts";
import { namesIn } from "../fs/reading.ts";
import type { ProcessIdentity, ProcessTable } from "../ports.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { isAbandonedLock, lockHolder, takeLock } from "./folder-lock.ts";

const identity = (pid: number, bootId = "boot-1"): ProcessIdentity => ({ bootId, pid, startTicks: pid * 10 });
const table = (self: ProcessIdentity, alive: readonly ProcessIdentity[]): ProcessTable => ({
  self: () => self,
  isAlive: ({ pid, startTicks, bootId }) =>
    alive.some((each) => each.pid === pid && each.startTicks === startTicks && each.bootId === bootId),
});
const [one, two] = [identity(1), identity(2)];
const take = (path: string, self: ProcessIdentity, alive = [one, two]) =>
  takeLock({ fs: nodeHostFs, processes: table(self, alive) }, path);

describe("a lock", () => {
  test("that is free is taken, and its holder is known", () => {
    const path = `${temporaryFolder()}/lock`;
    expect(take(path, one).kind).toBe("taken");
    expect(lockHolder(table(two, [one, two]), path)).toEqual(one);
  });

  test("that is held is not taken, and nothing of the attempt is left", () => {
    const folder = temporaryFolder();
    take(`${folder}/lock`, one);
    expect(take(`${folder}/lock`, two)).toEqual({ kind: "busy", holder: one });
    expect(namesIn(folder)).toEqual(["lock"]);
  });

  test("is not taken twice by the same process either", () => {
    const path = `${temporaryFolder()}/lock`;
    take(path, one);
    expect(take(path, one)).toEqual({ kind: "busy", holder: one });
  });

  test("is free again when it is released, which may be said twice", () => {
    const path = `${temporaryFolder()}/lock`;
    const first = take(path, one);
    if (first.kind !== "taken") throw new Error("it was free");
    first.lock.release();
    expect(existsSync(path)).toBe(false);
    const second = take(path, two);
    expect(second.kind).toBe("taken");
    first.lock.release();
    expect(lockHolder(table(two, [two]), path)).toEqual(two);
  });

  test.for<[string, ProcessIdentity, readonly ProcessIdentity[]]>([
    ["was killed", one, [two]],
    ["has a pid that another process has now", one, [{ ...one, startTicks: 99 }, two]],
    ["ran before the last boot", identity(1, "boot-0"), [one, two]],
  ])("whose holder %s is taken over", ([, holder, alive]) => {
    const path = `${temporaryFolder()}/lock`;
    take(path, holder, [holder]);
    expect(take(path, two, [...alive]).kind).toBe("taken");
    expect(namesIn(path)).toEqual(["2.20.boot-1"]);
  });

  test.for<[string, (path: string) => void]>([
    ["empty", (path) => mkdirSync(path)],
    ["as a file", (path) => writeFileSync(path, "")],
    [
      "with an entry that names no process",
      (path) => {
        mkdirSync(path);
        writeFileSync(`${path}/garbage`, "");
      },
    ],
  ])("that is left %s is taken", ([, leave]) => {
    const path = `${temporaryFolder()}/lock`;
    leave(path);
    expect(take(path, one).kind).toBe("taken");
  });

  test("prepared by a process that was killed is recognized as such, and no other", () => {
    const processes = table(one, [one]);
    expect(isAbandonedLock(processes, "updater.lock.2.20.boot-1")).toBe(true);
    expect(isAbandonedLock(processes, "updater.lock.1.10.boot-1")).toBe(false);
    expect(isAbandonedLock(processes, "updater.lock")).toBe(false);
    expect(isAbandonedLock(processes, "versions")).toBe(false);
  });
});
