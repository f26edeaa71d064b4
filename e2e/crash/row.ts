/** What came of one scenario in one layer. */
export interface Row {
  readonly layer: string;
  readonly scenario: string;
  /** Points at which it can be cut off. */
  readonly points: number;
  readonly tried: number;
  /** What was wrong, for each host that was lost. */
  readonly lost: readonly string[];
  readonly seconds: number;
}

const HEADINGS = ["layer", "scenario", "points", "tried", "hosts lost", "seconds"];

/** The rows and their sum as a table for a terminal. */
export function tableOf(rows: readonly Row[]): string {
  const cells = [...rows, sumOf(rows)].map(cellsOf);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      // Words to the left, numbers to the right.
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [line(HEADINGS), widths.map((width) => "-".repeat(width)).join("  "), ...cells.map(line)].join("\n");
}

/** How many of the points were tried, in words. */
export function shareOf(rows: readonly Row[]): string {
  const { points, tried } = sumOf(rows);
  const percent = points === 0 ? 0 : Math.floor((tried / points) * 100);
  return `${tried.toLocaleString("en")} of ${points.toLocaleString("en")} points (${percent} %)`;
}

function sumOf(rows: readonly Row[]): Row {
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  return {
    layer: "all",
    scenario: "",
    points: sum(({ points }) => points),
    tried: sum(({ tried }) => tried),
    lost: rows.flatMap(({ lost }) => lost),
    seconds: sum(({ seconds }) => seconds),
  };
}

function cellsOf({ layer, scenario, points, tried, lost, seconds }: Row): readonly string[] {
  return [layer, scenario, String(points), String(tried), String(lost.length), seconds.toFixed(1)];
}
