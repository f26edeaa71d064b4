import { MusterError } from "@muster/core";
import type { SecretRef } from "@muster/protocol/http";
import { repeated } from "../arguments/usage.ts";
import { serverCommand } from "../connection/commands.ts";
import { connect } from "../connection/connect.ts";
import { readSmallFile } from "../files.ts";
import { reportOn } from "../terminal/report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { applyDocuments, type DocumentResult } from "./apply-documents.ts";
import { describeResult } from "./apply-text.ts";
import { readDocuments } from "./read-documents.ts";

const SECRET_MAX_BYTES = 4096;

/** Brings the server to what documents say. */
export function applyCommand(terminal: Terminal) {
  return serverCommand("apply")
    .description(
      "bring sources, groups, freezes, webhooks, rollouts and operations to what YAML or JSON documents say",
    )
    .requiredOption(
      "-f, --file <path>",
      "a file, a folder of them, or - for standard input; may be repeated",
      repeated(String),
    )
    .option("--dry-run", "show what would be changed, and change nothing")
    .action(async ({ file, dryRun = false, ...options }) => {
      const found = await readDocuments([...file], terminal);
      const client = await connect(options, terminal);
      const report = reportOn(terminal, options.json ?? false);
      const results: DocumentResult[] = [];
      const tell = (result: DocumentResult) => {
        results.push(result);
        if (!report.json) terminal.stdout.write(describeResult(terminal.stdout, result, dryRun));
      };
      const context = { client, readSecret: secretReader(terminal), now: terminal.now() };
      try {
        await applyDocuments(context, found, { dryRun, tell });
      } finally {
        // What was done before something was refused is done.
        if (report.json) report.result({ dryRun, documents: results }, () => "");
      }
      if (dryRun) report.remark("Nothing was changed.");
    });
}

function secretReader({ env }: Pick<Terminal, "env">) {
  return async ({ env: name, file }: SecretRef): Promise<string> => {
    const text =
      name === undefined
        ? new TextDecoder().decode(await readSmallFile(file ?? "", SECRET_MAX_BYTES))
        : (env[name] ?? "");
    const secret = text.trim();
    if (secret === "") {
      throw new MusterError("DOCUMENT_INVALID", {
        field: "spec.secretRef",
        problem: `${name ?? file} is empty`,
      });
    }
    return secret;
  };
}
