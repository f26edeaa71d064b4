import { Command, Option } from "@commander-js/extra-typings";

/** A command that works on its own. */
export function localCommand(name: string) {
  return new Command(name).option("--json", "print JSON instead of text");
}

/** A command that speaks to a server. */
export function serverCommand(name: string) {
  const group = "Server (or `muster login` once):";
  return localCommand(name)
    .addOption(new Option("--server <url>", "its address (or MUSTER_SERVER)").helpGroup(group))
    .addOption(new Option("--token <token>", "API token (or MUSTER_TOKEN)").helpGroup(group))
    .addOption(
      new Option("--ca <file>", "trust the CAs in this PEM file too (or MUSTER_CA)").helpGroup(group),
    );
}
