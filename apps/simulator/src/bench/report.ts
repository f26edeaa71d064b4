import { ratioOf, reachesGoal, type Figure } from "./figure.ts";
import type { Machine } from "./system/machine.ts";

/** Everything a bench found out. */
export interface BenchReport {
  readonly schema: 1;
  /** ISO 8601. */
  readonly at: string;
  readonly machine: Machine;
  readonly agents: number;
  readonly streams: number;
  readonly figures: readonly Figure[];
}

/** The report's file: each figure with its ratio and whether it reaches its goal. */
export function reportJson(report: BenchReport): string {
  const figures = report.figures.map((figure) => {
    return { ...figure, ratio: ratioOf(figure), reached: reachesGoal(figure) };
  });
  return `${JSON.stringify({ ...report, figures }, null, 2)}\n`;
}

const HEAD = ["measure", "figure", "value", "baseline", "ratio", "goal", ""];

/** The report for people. */
export function reportText({ machine, figures, at }: BenchReport): string {
  const { processor, cores, memoryGiB, system, node, load } = machine;
  const rows = figures.map((figure, index) => [
    figures[index - 1]?.measure === figure.measure ? "" : figure.measure,
    figure.name,
    valueText(figure.value, figure),
    figure.baseline === null ? "" : `${valueText(figure.baseline.value, figure)} ${figure.baseline.what}`,
    ratioText(ratioOf(figure)),
    goalText(figure),
    { true: "reached", false: "missed", null: "" }[String(reachesGoal(figure)) as "true" | "false" | "null"],
  ]);
  const table = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const where = `${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}`;
  const when = `${at}, load before: ${load.toFixed(2)}`;
  return `${where}\n${when}\n\n${lines.join("\n")}\n`;
}

function valueText(value: number, { unit }: Pick<Figure, "unit">): string {
  const digits = unit === "" ? 0 : value < 10 ? 2 : value < 100 ? 1 : 0;
  return `${value.toFixed(digits)}${unit === "" ? "" : ` ${unit}`}`;
}

function ratioText(ratio: number | null): string {
  return ratio === null ? "" : `${ratio.toFixed(ratio < 10 ? 2 : 0)} ×`;
}

function goalText(figure: Figure): string {
  const { goal } = figure;
  if (goal === null) return "";
  return "atMost" in goal ? `≤ ${valueText(goal.atMost, figure)}` : `≥ ${valueText(goal.atLeast, figure)}`;
}
