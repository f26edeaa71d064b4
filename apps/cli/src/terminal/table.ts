import type { Output } from "./terminal.ts";
import { cut, paint, plain, widthOf } from "./text.ts";

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string | number | null;
  readonly style?: (row: T) => Parameters<typeof paint>[1] | null;
}

const GAP = "  ";

/** A table with a head; numbers stand at the right. On a terminal the last column is cut at the line's end. */
export function table<T>(output: Output, columns: readonly Column<T>[], rows: readonly T[]): string {
  const cells = rows.map((row) => columns.map(({ value }) => shown(value(row))));
  const isNumeric = columns.map(
    ({ value }) => rows.length > 0 && rows.every((row) => typeof value(row) === "number"),
  );
  const widths = columns.map(({ title }, at) =>
    Math.max(widthOf(title), ...cells.map((row) => widthOf(row[at] ?? ""))),
  );
  if (output.isTTY)
    widths.splice(-1, 1, Math.min(widths.at(-1) ?? 0, Math.max(8, roomOfLast(widths, output.columns))));

  const line = (texts: readonly string[], style: (at: number) => Parameters<typeof paint>[1] | null) =>
    texts
      .map((text, at) => {
        const short = cut(text, widths[at] ?? 0);
        const padding = " ".repeat((widths[at] ?? 0) - widthOf(short));
        const name = style(at);
        const painted = name === null ? short : paint(output, name, short);
        return isNumeric[at] === true ? padding + painted : painted + padding;
      })
      .join(GAP)
      .trimEnd();

  const head = line(
    columns.map(({ title }) => title),
    () => "bold",
  );
  const body = cells.map((row, index) => line(row, (at) => columns[at]?.style?.(rows[index] as T) ?? null));
  return `${[head, ...body].join("\n")}\n`;
}

/** Facts about one thing, one in a line. */
export function facts(output: Output, rows: readonly (readonly [string, string | number | null])[]): string {
  const width = Math.max(...rows.map(([name]) => widthOf(name)));
  return rows
    .map(([name, value]) => `${paint(output, "dim", name.padEnd(width))}${GAP}${shown(value)}\n`)
    .join("");
}

function shown(value: string | number | null): string {
  return value === null || value === "" ? "-" : plain(String(value));
}

function roomOfLast(widths: readonly number[], columns: number): number {
  return columns - widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0);
}
