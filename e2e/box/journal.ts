import { readFileSync } from "node:fs";
import { type HostLayout, type JournalReading, readGenerations } from "@muster/core";

/** The updater's journal in a box, given where this machine sees the box's files. */
export function journalAt(pathOf: (file: string) => string, layout: HostLayout): JournalReading {
  return readGenerations({ a: textAt(pathOf(layout.journalA)), b: textAt(pathOf(layout.journalB)) });
}

function textAt(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
