import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "@commander-js/extra-typings";
import { parseCount } from "../arguments/numbers.ts";
import type { Terminal } from "../terminal/terminal.ts";

const PROJECT = fileURLToPath(new URL("../../../..", import.meta.url));

/** Shows on real processes what Muster is for. Works in a checkout, after `npm run build`. */
export function demoCommand(terminal: Terminal) {
  return new Command("demo")
    .description("watch a server and agents on this machine go through good and broken releases")
    .option("--hosts <count>", "how many hosts", parseCount(1), 8)
    .option("--folder <path>", "where everything is written; made anew", join(tmpdir(), "muster-demo"))
    .option("--keep", "leave everything running and say how to sign in")
    .action(async ({ hosts, folder, keep = false }) => {
      const { write, colored } = terminal.stdout;
      const options = { project: PROJECT, folder, hosts, keep, colour: colored, write };
      // Loaded only now: every other command starts without it.
      const { runDemo } = await import("./run-demo.ts");
      await runDemo(options, terminal.signal);
    });
}
