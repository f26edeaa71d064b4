import { describe, expect, test } from "vitest";
import { testTerminal } from "../testing/test-terminal.ts";
import { sampleRollout, sampleTarget } from "../testing/views.ts";
import { widthOf } from "../terminal/text.ts";
import { describePreview, describeRollout } from "./rollout-text.ts";
import { watchFrame, watchLine } from "./watch-frame.ts";

const { terminal } = testTerminal({ isTTY: true, now: 61_000 });
const output = terminal.stdout;

describe("a live watch", () => {
  test("shows the state, the reason in words, each wave and what is under way", () => {
    const targets = new Map([["ta_1", sampleTarget()]]);
    expect(watchFrame(output, { rollout: sampleRollout(), targets }, 61_000)).toEqual([
      "acme-agent 1.1.0  running  2 touched  1m",
      "  agents are updating",
      "  wave 1 ██████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒ open      1 of 2 healthy, 1 under way",
      "  wave 2 ···························· waiting   0 of 8 healthy",
      "    web-1                    downloading  45% of 1.00 kB",
    ]);
  });

  test("fits into the terminal, whatever hosts are called and however many there are", () => {
    const targets = new Map(
      Array.from({ length: 50 }, (_, index) => {
        const id = `ta_${index}`;
        return [
          id,
          sampleTarget({
            id,
            hostname: `\u001b[31m${"x".repeat(300)}`,
            message: "y".repeat(300),
            code: "DISK_SHORT",
          }),
        ];
      }),
    );
    const waves = Array.from({ length: 50 }, (_, index) => ({ ...sampleRollout().waves[0]!, index }));
    const lines = watchFrame({ ...output, columns: 60 }, { rollout: sampleRollout({ waves }), targets }, 0);
    expect(Math.max(...lines.map(widthOf))).toBeLessThan(60);
    expect(lines.length).toBeLessThan(24);
    expect(lines.join("")).not.toContain("\u001b");
    expect(lines.at(-1)).toContain("44 more");
  });

  test("shows the waves around the open one when there are many", () => {
    const waves = Array.from({ length: 40 }, (_, index) => ({
      ...sampleRollout().waves[0]!,
      index,
      state: index < 20 ? ("passed" as const) : ("waiting" as const),
    }));
    const lines = watchFrame(output, { rollout: sampleRollout({ waves }), targets: new Map() }, 0);
    expect(lines[2]).toContain("wave 21");
  });
});

test("a line of a log says all that counts", () => {
  expect(watchLine(sampleRollout())).toBe(
    "ro_1 running, wave 1 of 2 open: 1 of 10 healthy, 1 under way (agents are updating)",
  );
  const halted = sampleRollout({
    state: "paused",
    pauseCause: "failure_threshold",
    reason: "threshold",
    waves: [],
    counts: { ...sampleRollout().counts, inProgress: 0, rolledBack: 1, silent: 2 },
  });
  expect(watchLine(halted)).toBe(
    "ro_1 paused (failure_threshold): 1 of 10 healthy, 1 rolled back, 2 silent (too many agents failed, rolled back or went silent)",
  );
});

test("a description of a rollout says what was touched when it halted, and words of a newer server stay", () => {
  const text = describeRollout(terminal, sampleRollout({ touchedAtHalt: 1, reason: "moon_phase" }));
  expect(text).toMatch(/Touched +2, 1 when it halted/);
  expect(text).toMatch(/Why +moon_phase/);
  expect(text).toMatch(/Pace +waves to 10%, 100%, 10m apart/);
});

test("a preview says who is left out and why", () => {
  const text = describePreview(output, {
    ready: 3,
    excluded: 1,
    offline: 0,
    plannedBytes: 3000,
    waves: [{ index: 0, size: 3 }],
    reasons: [{ reason: "updates_disabled", count: 1, agentIds: ["ag_7"] }],
    versions: [{ version: null, count: 3 }],
  });
  expect(text).toContain("1  updates disabled  ag_7");
  expect(text).toMatch(/They run +unknown \(3\)/);
});
