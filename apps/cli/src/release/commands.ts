import { Command } from "@commander-js/extra-typings";
import type { Terminal } from "../terminal/terminal.ts";
import { anchorCommand } from "./anchor.ts";
import { buildCommand } from "./build.ts";
import { importCommand, retryCommand } from "./import.ts";
import { keygenCommand } from "./keygen.ts";
import { publishCommand } from "./publish.ts";
import { listCommand, showCommand, yankCommand } from "./registry.ts";
import { signCommand } from "./sign.ts";
import { verifyCommand } from "./verify.ts";

export function releaseCommands(terminal: Terminal) {
  return new Command("release")
    .description("make, sign, check and publish releases")
    .addCommand(keygenCommand(terminal))
    .addCommand(anchorCommand(terminal))
    .addCommand(buildCommand(terminal))
    .addCommand(signCommand(terminal))
    .addCommand(verifyCommand(terminal))
    .addCommand(publishCommand(terminal))
    .addCommand(importCommand(terminal))
    .addCommand(retryCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(showCommand(terminal))
    .addCommand(yankCommand(terminal));
}
