import { Command, Option } from "@commander-js/extra-typings";
import {
  EVENT_SEVERITIES,
  WEBHOOK_DELIVERY_STATES,
  type WebhookDeliveryView,
  type WebhookView,
} from "@muster/protocol/http";
import { EXIT_CODES } from "../exit-code.ts";
import { parseCount } from "../arguments/numbers.ts";
import { argument, repeated } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { DEFAULT_LIMIT, readList } from "../connection/read-list.ts";
import { formatAgo, formatTime } from "../terminal/format.ts";
import { reportOn } from "../terminal/report.ts";
import { table } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";

export function webhookCommands(terminal: Terminal) {
  return new Command("webhook")
    .description("webhooks: have events sent to an address, signed")
    .addCommand(addCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(removeCommand(terminal))
    .addCommand(switchCommand(terminal, "enable"))
    .addCommand(switchCommand(terminal, "disable"))
    .addCommand(testCommand(terminal))
    .addCommand(deliveriesCommand(terminal))
    .addCommand(redeliverCommand(terminal));
}

function addCommand(terminal: Terminal) {
  return serverCommand("add")
    .description("send what happens from now on to an address, and print the secret; it is shown only now")
    .argument("<url>", "https; private hosts and http only if the server was started with --webhook-allow")
    .option(
      "--event <type>",
      "only this, such as upgrade_rolled_back or rollout_*; may be repeated",
      repeated(String),
    )
    .addOption(new Option("--severity <severity>", "at least this").choices(EVENT_SEVERITIES))
    .option("--description <text>", "what it is for")
    .action(async (url, options) => {
      const client = await connect(options, terminal);
      const { event, severity, description } = options;
      const filter = { ...(event && { types: [...event] }), ...(severity && { severity }) };
      const created = await client.webhooks.create({
        url,
        filter,
        ...(description !== undefined && { description }),
      });
      const report = reportOn(terminal, options.json ?? false);
      report.result(created, () => `${created.secret}\n`);
      report.remark(
        `Webhook ${created.id}. The receiver verifies what comes with this secret (standardwebhooks.com).`,
      );
      report.remark(`Try it: muster webhook test ${created.id}`);
    });
}

function listCommand(terminal: Terminal) {
  return serverCommand("list")
    .description("list webhooks, without their secrets")
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT)
    .action(async (options) => {
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      const page = await readList((query) => client.webhooks.list(query), { limit: options.limit, report });
      report.result(page, () => webhookTable(terminal, page.items));
    });
}

function webhookTable({ stdout, now }: Terminal, webhooks: readonly WebhookView[]): string {
  return table(
    stdout,
    [
      { title: "ID", value: ({ id }) => id },
      { title: "STATE", value: stateOf, style: (webhook) => (stateOf(webhook) === "on" ? null : "red") },
      { title: "WAITING", value: ({ pending }) => pending },
      { title: "GIVEN UP", value: ({ dead }) => dead },
      { title: "FAILING SINCE", value: ({ failingSince }) => formatAgo(now(), failingSince) },
      { title: "EVENTS", value: ({ filter }) => `${filter.types.join(",")} from ${filter.severity}` },
      { title: "ADDRESS", value: ({ url }) => url },
      { title: "WHY OFF", value: ({ disabledWhy }) => disabledWhy },
    ],
    webhooks,
  );
}

function stateOf({ enabled, failingSince }: WebhookView): string {
  if (!enabled) return "off";
  return failingSince === null ? "on" : "failing";
}

function removeCommand(terminal: Terminal) {
  return serverCommand("remove")
    .description("remove a webhook and all its deliveries")
    .argument("<id>", "the webhook's id")
    .action(async (id, options) => {
      const client = await connect(options, terminal);
      await client.webhooks.remove(id);
      reportOn(terminal, options.json ?? false).result(
        { id, removed: true },
        () => `Removed webhook ${id}.\n`,
      );
    });
}

function switchCommand(terminal: Terminal, verb: "enable" | "disable") {
  return serverCommand(verb)
    .description(
      verb === "enable" ? "send again what happens from now on" : "send nothing until it is enabled again",
    )
    .argument("<id>", "the webhook's id")
    .action(async (id, options) => {
      const client = await connect(options, terminal);
      const webhook = await client.webhooks.update(id, { enabled: verb === "enable" });
      reportOn(terminal, options.json ?? false).result(webhook, () => webhookTable(terminal, [webhook]));
    });
}

function testCommand(terminal: Terminal) {
  return serverCommand("test")
    .description("send an event of type webhook_test, once; fails if the receiver does not take it")
    .argument("<id>", "the webhook's id")
    .action(async (id, options) => {
      const client = await connect(options, terminal);
      const delivery = await client.webhooks.test(id);
      const isTaken = delivery.state === "delivered";
      reportOn(terminal, options.json ?? false).result(delivery, () =>
        isTaken
          ? `The receiver has taken it (${delivery.lastStatus}).\n`
          : `The receiver has not taken it: ${delivery.lastError ?? "no answer"}.\n`,
      );
      if (!isTaken) terminal.exit.code = EXIT_CODES.failed;
    });
}

function deliveriesCommand(terminal: Terminal) {
  return serverCommand("deliveries")
    .description("list a webhook's deliveries, newest first")
    .argument("<id>", "the webhook's id")
    .addOption(
      new Option("--state <state>", "only these; dead ones were given up").choices(WEBHOOK_DELIVERY_STATES),
    )
    .option("--limit <count>", "at most so many; 0 for all", argument(parseCount(0)), DEFAULT_LIMIT)
    .action(async (id, { state, limit, ...options }) => {
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      const read = (query: { readonly limit: number; readonly cursor: string | undefined }) =>
        client.webhooks.deliveries(id, { ...query, state });
      const page = await readList(read, { limit, report });
      report.result(page, () => deliveryTable(terminal, page.items));
    });
}

function deliveryTable({ stdout, now }: Terminal, deliveries: readonly WebhookDeliveryView[]): string {
  return table(
    stdout,
    [
      { title: "ID", value: ({ id }) => id },
      { title: "MADE", value: ({ createdAt }) => formatAgo(now(), createdAt) },
      { title: "EVENT", value: ({ eventType }) => eventType },
      {
        title: "STATE",
        value: ({ state }) => state,
        style: ({ state }) => (state === "dead" ? "red" : null),
      },
      { title: "ATTEMPTS", value: ({ attempts }) => attempts },
      {
        title: "NEXT",
        value: ({ nextAttemptAt }) => (nextAttemptAt === null ? null : formatTime(nextAttemptAt)),
      },
      { title: "STATUS", value: ({ lastStatus }) => lastStatus },
      { title: "PROBLEM", value: ({ lastError }) => lastError },
    ],
    deliveries,
  );
}

function redeliverCommand(terminal: Terminal) {
  return serverCommand("redeliver")
    .description("send again what was given up")
    .argument("<id>", "the webhook's id")
    .option("--delivery <id>", "only this one, whatever became of it")
    .action(async (id, { delivery, ...options }) => {
      const client = await connect(options, terminal);
      const result = await client.webhooks.redeliver(id, delivery);
      reportOn(terminal, options.json ?? false).result(
        result,
        () => `${result.redelivered} are sent again.\n`,
      );
    });
}
