import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { agentConfigDecoder, MusterError, parse, type AgentConfig } from "@muster/core";
import {
  ensureFolder,
  errnoOf,
  readIfThere,
  READABLE_FILE,
  replaceFile,
  statIfThere,
} from "../host/files.ts";

const CONFIG_MAX_BYTES = 4 * 1024 * 1024;

/** Muster's member of `agent.json`; `ENROLMENT_MISSING` without one, `AGENT_CONFIG_INVALID` for a bad one. */
export async function readAgentConfig(path: string): Promise<AgentConfig> {
  const text = await readConfigText(path);
  const members = text === null ? {} : membersOf(path, text);
  if (!Object.hasOwn(members, "muster")) throw new MusterError("ENROLMENT_MISSING", { path });
  return parse.decode(agentConfigDecoder, members, "AGENT_CONFIG_INVALID");
}

/**
 * Writes Muster's member of `agent.json`. Every other byte of the file stays as it is, its mode too; a new file is
 * readable by all. `AGENT_CONFIG_INVALID` for a file that is not a JSON object: it is left alone.
 */
export async function writeAgentConfig(path: string, config: AgentConfig): Promise<void> {
  const text = await readConfigText(path);
  if (text !== null) membersOf(path, text);
  const { applyEdits, modify } = await import("jsonc-parser");
  const before = text ?? "{}\n";
  const edits = modify(before, ["muster"], config, {}).map((edit) => ({
    ...edit,
    content: laidOut(before, edit.content, config),
  }));
  const after = applyEdits(before, edits);
  // What stands there next must be readable again, or the host would lose its enrolment at the next start.
  parse.decodeJson(agentConfigDecoder, after, "AGENT_CONFIG_INVALID");
  const target = await targetOf(path);
  const mode = (await statIfThere(target))?.mode ?? READABLE_FILE;
  await ensureFolder(dirname(target), 0o755);
  await replaceFile(target, after, { mode: mode & 0o777, durable: true });
}

/** Names of members that look like keys that could say what runs: they have no effect here, wherever they come from. */
export function trustMembers(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value).filter((name) => /trust|anchor|signing|publicKeys?$/i.test(name));
}

/** The whole file's members, for those who look for foreign ones. */
export async function readConfigMembers(path: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readConfigText(path);
  return text === null ? {} : membersOf(path, text);
}

/** The library lays nothing out unless it may lay out the neighbours as well. */
function laidOut(before: string, content: string, config: AgentConfig): string {
  const eol = before.includes("\r\n") ? "\r\n" : "\n";
  const unit = /^([ \t]+)"/m.exec(before)?.[1] ?? "  ";
  const value = JSON.stringify(config, null, unit).replaceAll("\n", `${eol}${unit}`);
  const insertion = /^(,?)"muster":/.exec(content);
  if (!insertion) return value;
  const isOnly = insertion[1] === "";
  return `${insertion[1]}${eol}${unit}"muster": ${value}${isOnly ? eol : ""}`;
}

async function readConfigText(path: string): Promise<string | null> {
  return (await readIfThere(path, CONFIG_MAX_BYTES))?.toString("utf8") ?? null;
}

function membersOf(path: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MusterError("AGENT_CONFIG_INVALID", { path, problem: "is not JSON" }, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MusterError("AGENT_CONFIG_INVALID", { path, problem: "is not an object" });
  }
  return value as Record<string, unknown>;
}

/** A file that is a link stays one. */
async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return path;
    throw error;
  }
}
