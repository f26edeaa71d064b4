/** A Markdown table; a `|` in a cell is escaped. */
export function table(head: string[], rows: string[][]): string {
  const lines = [head, head.map(() => "---"), ...rows.map((row) => row.map(escape))];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** A page of blocks, with the note that it is not to be edited. */
export function page(title: string, blocks: string[]): string {
  const note = "Made by `npm run errors` from the tables in `packages/core`; edit those.";
  return `${[`# ${title}`, note, ...blocks].join("\n\n")}\n`;
}

function escape(cell: string): string {
  return cell.replaceAll("|", "\\|").replaceAll("\n", " ");
}
