import { OUTPUT_TAIL_MAX, type HostLayout, type Version } from "@muster/core";
import { readSync } from "node:fs";
import { withFile } from "../fs/reading.ts";

/** How much of the log's end is looked at. */
const LOOK_BYTES = 256 * 1024;

/** The line that is written before a process is started: all that follows is that process's. */
export const LAUNCH_LINE = "muster: launching";
const START = /muster: starting (\S+)/;

/** The line in which the launcher says what it starts. */
export function startLine(version: Version, note = ""): string {
  return `muster: starting ${version}${note}`;
}

/** The end of the log that the supervisor keeps; empty if there is none. */
export function endOfPayloadLog({ payloadLog }: Pick<HostLayout, "payloadLog">): string {
  return `${endOf(`${payloadLog}.1`)}${endOf(payloadLog)}`;
}

/**
 * What a version printed since it was switched to: the end of a log, back to where the last process of another version ended. A process may have printed so much that the
 * line which says what it is has gone: it is taken for the same as those after it.
 */
export function tailOf(log: string, version: Version): string {
  const processes = log
    .split(`${LAUNCH_LINE}\n`)
    .map((text) => ({ text, version: START.exec(text)?.[1] ?? version }));
  const other = processes.findLastIndex((process) => process.version !== version);
  const since = processes.slice(other + 1).map(({ text }) => text);
  return clip(printable(since.join("")).trim());
}

/** Text that can be shown anywhere: no control characters but line ends and tabs, and no lone surrogates. */
export function printable(text: string): string {
  return text.toWellFormed().replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}

function clip(text: string): string {
  return text.slice(-OUTPUT_TAIL_MAX).toWellFormed();
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
