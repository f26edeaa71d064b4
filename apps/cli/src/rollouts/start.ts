import { usage } from "../arguments/usage.ts";
import { connect } from "../connection/connect.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Client, RolloutRequest } from "@muster/protocol/http";
import { planCommand } from "./plan-options.ts";
import { rolloutRequest } from "./rollout-request.ts";
import { describePreview, describeRollout } from "./rollout-text.ts";
import { PATIENCE_MS, watchToEnd } from "./watch.ts";

export function previewCommand(terminal: Terminal) {
  return planCommand("preview")
    .description("show what a rollout would do, without doing it")
    .action(async (product, version, options) => {
      const request = rolloutRequest(product, version, options);
      const client = await connect(options, terminal);
      const preview = await client.rollouts.preview(request);
      reportOn(terminal, options.json ?? false).result(preview, () =>
        describePreview(terminal.stdout, preview),
      );
    });
}

export function createCommand(terminal: Terminal) {
  return planCommand("create")
    .description("begin a rollout")
    .optionsGroup("Options:")
    .option("--yes", "do not ask before a rollout to all agents")
    .option("--watch", "follow it until it ends or halts")
    .action(async (product, version, options) => {
      const json = options.json ?? false;
      const request = rolloutRequest(product, version, options);
      const client = await connect(options, terminal);
      if (request.cohort.kind === "all" && !options.yes && terminal.interactive) {
        await confirmAll(terminal, client, request);
      }
      const rollout = await client.rollouts.create(request);
      if (options.watch) {
        await watchToEnd(terminal, client, { id: rollout.id, json, patienceMs: PATIENCE_MS });
        return;
      }
      const report = reportOn(terminal, json);
      report.result(rollout, () => describeRollout(terminal, rollout));
      report.remark(`Follow it with: muster rollout watch ${rollout.id}`);
    });
}

/** Everyone is a lot to do by a slip of the hand. */
async function confirmAll(terminal: Terminal, client: Client, request: RolloutRequest): Promise<void> {
  const preview = await client.rollouts.preview(request);
  terminal.stderr.write(`${describePreview(terminal.stderr, preview)}\n`);
  const answer = await terminal.ask(
    `This brings all ${preview.ready} agents to ${request.product} ${request.version}. Type the number of agents to go on: `,
  );
  if (answer.trim() !== String(preview.ready)) throw usage("Not confirmed; nothing was changed.");
}
