import { Command } from "@commander-js/extra-typings";
import { parseTime } from "../arguments/time.ts";
import { argument } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { formatTime } from "../terminal/format.ts";
import { reportOn } from "../terminal/report.ts";
import { table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";

export function freezeCommands(terminal: Terminal) {
  return new Command("freeze")
    .description("times in which only emergencies are rolled out")
    .addCommand(addCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(removeCommand(terminal));
}

function addCommand(terminal: Terminal) {
  const time = argument(parseTime);
  return serverCommand("add")
    .description("freeze updates for a time; what is under way goes on")
    .argument("<name>", "why, for people")
    .requiredOption("--from <time>", "from this moment on, e.g. 2030-12-20T00:00:00Z", time)
    .requiredOption("--until <time>", "until this moment", time)
    .action(async (name, { from, until, ...options }) => {
      const client = await connect(options, terminal);
      const freeze = await client.freezes.create({ name, from, until });
      const report = reportOn(terminal, options.json ?? false);
      report.result(freeze, () => `${freeze.id}\n`);
      report.remark(`${name}: ${formatTime(freeze.from)} to ${formatTime(freeze.until)}`);
    });
}

function listCommand(terminal: Terminal) {
  return serverCommand("list")
    .description("list freezes that are not over")
    .action(async (options) => {
      const client = await connect(options, terminal);
      const { items } = await client.freezes.list();
      reportOn(terminal, options.json ?? false).result({ items }, () =>
        table(
          terminal.stdout,
          [
            { title: "ID", value: ({ id }) => id },
            { title: "NAME", value: ({ name }) => name },
            { title: "FROM", value: ({ from }) => formatTime(from) },
            { title: "UNTIL", value: ({ until }) => formatTime(until) },
            { title: "BY", value: ({ createdBy }) => createdBy },
          ],
          items,
        ),
      );
    });
}

function removeCommand(terminal: Terminal) {
  return serverCommand("remove")
    .description("end a freeze, or call it off")
    .argument("<id>", "the freeze")
    .action(async (id, options) => {
      const client = await connect(options, terminal);
      await client.freezes.remove(id);
      reportOn(terminal, options.json ?? false).remark(`${id} does not hold any more.`);
    });
}
