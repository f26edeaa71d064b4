import { stripVTControlCharacters, styleText } from "node:util";
import type { Output } from "./terminal.ts";

type Style = Parameters<typeof styleText>[0];

/** Text in a colour or weight, where the output shows such. */
export function paint(output: Output, style: Style, text: string): string {
  return output.colored ? styleText(style, text, { validateStream: false }) : text;
}

/**
 * Text from outside on one line, harmless to a terminal: hosts and programs choose their names and messages, and must
 * not move the cursor with them or turn the reading direction around.
 */
export function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/\s+/gu, " ")
    .replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, "\u{FFFD}");
}

/** Characters that a text takes in a line. */
export function widthOf(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}

/** At most `width` characters; the end gives way to `…`. For text without colours. */
export function cut(text: string, width: number): string {
  const characters = Array.from(text);
  if (width <= 0) return "";
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
}

/** A piece of a line and how it looks. */
export type Segment = readonly [text: string, style?: Style | null];

/** One line made of pieces, cut at `width`. */
export function line(output: Output, segments: readonly Segment[], width = Number.POSITIVE_INFINITY): string {
  let room = width;
  return segments
    .map(([text, style]) => {
      const short = room === Number.POSITIVE_INFINITY ? text : cut(text, room);
      room = Math.max(0, room - widthOf(short));
      return style ? paint(output, style, short) : short;
    })
    .join("");
}
