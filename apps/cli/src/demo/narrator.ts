import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Tells the story on a terminal: numbered scenes, indented lines, colour only where it is wanted. */
export class Narrator {
  readonly #write: (text: string) => void;
  readonly #colour: boolean;
  readonly #startedAt = performance.now();
  #scene = 0;

  constructor(options: { readonly write: (text: string) => void; readonly colour: boolean }) {
    this.#write = options.write;
    this.#colour = options.colour;
  }

  title(text: string): void {
    this.#write(`\n${this.#paint("bold", text)}\n`);
  }

  scene(text: string): void {
    this.#scene += 1;
    this.#write(`\n${this.#paint(["bold", "cyan"], `${this.#scene}  ${text}`)}\n`);
  }

  say(text: string): void {
    this.#write(`   ${text}\n`);
  }

  good(text: string): void {
    this.say(`${this.#paint("green", "✓")} ${text}`);
  }

  bad(text: string): void {
    this.say(`${this.#paint("red", "✗")} ${text}`);
  }

  /** One step of a host, with the time since the beginning. */
  step(text: string): void {
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(1).padStart(5);
    this.say(`${this.#paint("dim", `${seconds} s`)}  ${text}`);
  }

  /** What a program printed, marked as such. */
  quote(text: string): void {
    for (const line of text.trimEnd().split("\n")) this.say(`      ${this.#paint("dim", `│ ${line}`)}`);
  }

  /** A table; the first row is its head. */
  table(rows: readonly (readonly string[])[]): void {
    const widths = (rows[0] ?? []).map((_, column) =>
      Math.max(...rows.map((row) => (row[column] ?? "").length)),
    );
    for (const [index, row] of rows.entries()) {
      const line = row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd();
      this.say(index === 0 ? this.#paint("dim", line) : line);
    }
  }

  #paint(style: Style, text: string): string {
    return this.#colour ? styleText(style, text, { validateStream: false }) : text;
  }
}
