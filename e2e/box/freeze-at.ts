// Stops a box in the moment in which its updater's journal says one thing. A process of its own, since most of these
// moments are shorter than a busy test would notice: `freeze-at.ts <freezer> <root of the box> <state>`.
import { writeFileSync } from "node:fs";
import { hostLayout } from "@muster/core";
import { journalAt } from "./journal.ts";

const LOOK_EVERY_MS = 0.2;

const [, , freezer = "", root = "", wanted = ""] = process.argv;
const layout = hostLayout("/var/lib/muster");
const pause = new Int32Array(new SharedArrayBuffer(4));

function state(): string {
  const reading = journalAt((file) => `${root}${file}`, layout);
  return reading.kind === "read" ? reading.journal.state.kind : reading.kind;
}

const parent = process.ppid;

console.log("looking");
// Whoever waits for it may be killed; then nobody ever would end this.
while (state() !== wanted && process.ppid === parent) Atomics.wait(pause, 0, 0, LOOK_EVERY_MS);
if (process.ppid === parent) writeFileSync(freezer, "1");
console.log("frozen");
