import { OUTPUT_TAIL_MAX, type HostLayout, type Version } from "@muster/core";
import { readSync } from "node:fs";
import { withFile } from "../fs/reading.ts";

/** How much of the log's end is looked at. */
const LOOK_BYTES = 256 * 1024;
const START = "muster: starting ";

/** The line that the launcher writes into the log before a version's own output. */
export function startLine(version: Version, note = ""): string {
  return `${START}${version}${note}`;
}

/** What a version printed since it was switched to, the end of it; empty if nothing is known. */
export function outputSinceSwitch(layout: HostLayout, version: Version): string {
  const log = `${endOf(`${layout.payloadLog}.1`)}${endOf(layout.payloadLog)}`;
  return tailOf(log, version);
}

/** The part of a log that begins with the first start of `version` after which no other version was started. */
export function tailOf(log: string, version: Version): string {
  const lines = log.split("\n");
  let from = lines.length;
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const started = startedIn(lines[index] ?? "");
    if (started === version) from = index;
    else if (started !== null) break;
  }
  return clip(printable(lines.slice(from).join("\n")).trim());
}

/** Text that can be shown anywhere: no control characters but line ends and tabs, and no lone surrogates. */
export function printable(text: string): string {
  return text.toWellFormed().replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}

function clip(text: string): string {
  return text.slice(-OUTPUT_TAIL_MAX).toWellFormed();
}

function startedIn(line: string): Version | null {
  return line.startsWith(START) ? (line.slice(START.length).split(" ")[0] ?? null) : null;
}

/** The end of a file as text; empty if there is none. */
function endOf(path: string): string {
  const end = withFile(path, false, ({ descriptor, sizeBytes }) => {
    const bytes = new Uint8Array(Math.min(sizeBytes, LOOK_BYTES));
    const length = readSync(descriptor, bytes, 0, bytes.byteLength, sizeBytes - bytes.byteLength);
    return new TextDecoder().decode(bytes.subarray(0, length));
  });
  return end ?? "";
}
