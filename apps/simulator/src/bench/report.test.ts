import { expect, test } from "vitest";
import { figuresOf } from "./figure.ts";
import { reportJson, reportText, type BenchReport } from "./report.ts";
import { cpuSeconds } from "./system/process-usage.ts";

const figure = figuresOf("streams");
const REPORT: BenchReport = {
  schema: 1,
  at: "2030-01-31T00:00:00.000Z",
  machine: { processor: "Acme", cores: 2, memoryGiB: 24, system: "Linux 6", node: "v24", load: 0.5 },
  agents: 10,
  streams: 10,
  figures: [
    figure("memory", 90, "KB", { baseline: { what: "bare TLS", value: 60 }, goal: { atMost: 80 } }),
    figure("held", 10, "", { goal: { atLeast: 10 } }),
    figure("connected in", 1.234, "s"),
  ],
};

test("the table names the machine, and gives each figure its baseline, ratio and goal", () => {
  expect(reportText(REPORT).split("\n")).toEqual([
    "Acme, 2 cores, 24 GiB, Linux 6, Node v24",
    "2030-01-31T00:00:00.000Z, load before: 0.50",
    "",
    "measure  figure        value    baseline          ratio   goal",
    "streams  memory        90.0 KB  60.0 KB bare TLS  1.50 ×  ≤ 80.0 KB  missed",
    "         held          10                                 ≥ 10       reached",
    "         connected in  1.23 s",
    "",
  ]);
});

test("the file has the same with the ratio counted out", () => {
  const { figures } = JSON.parse(reportJson(REPORT)) as { figures: object[] };
  expect(figures[0]).toMatchObject({ value: 90, baseline: { value: 60 }, ratio: 1.5, reached: false });
  expect(figures[2]).toMatchObject({ baseline: null, ratio: null, reached: null });
});

test("a process's CPU time is found whatever its name is", () => {
  const fields = Array.from({ length: 50 }, (_, index) => (index === 11 ? "250" : index === 12 ? "50" : "7"));
  expect(cpuSeconds(`42 (a ) b (c) ${fields.join(" ")}`)).toBe(3);
});
