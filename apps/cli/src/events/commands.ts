import { Option } from "@commander-js/extra-typings";
import {
  type CloudEventView,
  EVENT_CATEGORIES,
  EVENT_SEVERITIES,
  type EventView,
} from "@muster/protocol/http";
import { parseCount } from "../arguments/numbers.ts";
import { parseSince } from "../arguments/since.ts";
import { argument, repeated } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { DEFAULT_LIMIT, readList } from "../connection/read-list.ts";
import { formatTime } from "../terminal/format.ts";
import { reportOn } from "../terminal/report.ts";
import { table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { paint, plain } from "../terminal/text.ts";

const STYLES = { info: null, warning: "yellow", error: "red" } as const;

export function eventsCommand(terminal: Terminal) {
  const moment = argument(parseSince(terminal.now));
  return serverCommand("events")
    .description("what happened: updates, rollouts, waves, releases, agents")
    .option(
      "--type <type>",
      "only this, such as upgrade_completed or upgrade_*; may be repeated",
      repeated(String),
    )
    .addOption(new Option("--category <category>", "only of this kind").choices(EVENT_CATEGORIES))
    .addOption(new Option("--severity <severity>", "at least this").choices(EVENT_SEVERITIES))
    .option("--agent <id>", "only on this agent")
    .option("--rollout <id>", "only on this rollout")
    .option("--since <time>", "from this on: 2030-01-31T22:00:00Z, or how long ago: 2h", moment)
    .option("--until <time>", "before this", moment)
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT)
    .option("--follow", "wait for what comes, each at least once, also across a restart of the server")
    .option(
      "--after <sequence>",
      "follow from the event after this one; 0: from the oldest that is kept",
      argument(parseCount(0)),
    )
    .action(async (options) => {
      const client = await connect(options, terminal);
      const { type, category, severity, agent, rollout, since, until } = options;
      const filter = { type: type && [...type], category, severity, agent, rollout };
      if (options.follow === true) {
        const { signal } = terminal;
        const onTrouble = (error: Error | null) => {
          if (error) terminal.stderr.write(`${error.message}; it is tried again\n`);
        };
        const events = client.eventLog.follow({ after: options.after, filter, signal, onTrouble });
        for await (const event of events) {
          terminal.stdout.write(
            options.json === true ? `${JSON.stringify(event)}\n` : lineOf(terminal, event),
          );
        }
        return;
      }
      const report = reportOn(terminal, options.json ?? false);
      const read = (query: { readonly limit: number; readonly cursor: string | undefined }) =>
        client.eventLog.list({ ...query, ...filter, since, until });
      const page = await readList(read, { limit: options.limit, report });
      report.result(page, () => eventTable(terminal, page.items));
    });
}

function eventTable({ stdout }: Terminal, events: readonly EventView[]): string {
  return table(
    stdout,
    [
      { title: "NO", value: ({ sequence }) => sequence },
      { title: "TIME", value: ({ at }) => formatTime(at) },
      { title: "EVENT", value: ({ type }) => type, style: ({ severity }) => STYLES[severity] },
      { title: "CODE", value: ({ code }) => code },
      { title: "MESSAGE", value: ({ message }) => message },
    ],
    events,
  );
}

function lineOf({ stdout }: Terminal, { sequence, time, type, severity, data }: CloudEventView): string {
  const style = STYLES[severity];
  const name = plain(type.replace(/^muster\./, ""));
  const parts = [
    String(Number(sequence)),
    formatTime(Date.parse(time)),
    style === null ? name : paint(stdout, style, name),
    plain(data.message),
    ...(data.code === null ? [] : [`[${plain(data.code)}]`]),
  ];
  return `${parts.join("  ")}\n`;
}
