import {
  archDecoder,
  hostnameDecoder,
  idDecoder,
  isErrorCode,
  isTimeZone,
  labelsDecoder,
  nameDecoder,
  osDecoder,
  OUTPUT_TAIL_MAX,
  parse,
  versionDecoder,
  type Decoded,
  type Decoder,
  type ErrorCode,
  type LocalPolicy,
  type Outcome,
} from "@muster/core";
import { AgentMessage, LocalPolicy as WirePolicy } from "./gen/muster/agent/v1/agent.ts";
import { buffer, emptyAsNull, readMessage } from "./wire.ts";

/** Most characters of a command's output. */
export const COMMAND_OUTPUT_MAX = 65_536;

const policyFields = parse.object({
  updates: parse.boolean,
  channels: parse.array(nameDecoder, { max: 32 }),
  minimumVersion: emptyAsNull(versionDecoder),
  maintenance: parse.boolean,
});

const policy: Decoder<LocalPolicy> = (value, path) => {
  const { updates, maintenance, channels, minimumVersion } = policyFields(value, path);
  return {
    updates,
    maintenance,
    ...(channels.length > 0 && { channels }),
    ...(minimumVersion !== null && { minimumVersion }),
  };
};

const capability = parse.string({
  min: 1,
  max: 32,
  pattern: /^[a-z][a-z_]*$/,
  what: "lower-case letters and _",
});

const recovery = parse.object({
  fromVersion: versionDecoder,
  toVersion: versionDecoder,
  at: parse.integer(),
});

const helloFields = parse.object({
  agentId: idDecoder,
  hostname: hostnameDecoder,
  product: nameDecoder,
  version: versionDecoder,
  os: osDecoder,
  arch: archDecoder,
  labels: labelsDecoder,
  capabilities: parse.array(capability, { max: 32 }),
  policy,
  bootId: parse.string({ min: 1, max: 64 }),
  sentAt: parse.integer(),
  lastSequence: parse.integer(),
  targetId: emptyAsNull(idDecoder),
  recovery: parse.optional(recovery),
  timeZone: parse.string({ max: 64 }),
});

/** A zone that is not known here is as good as none: a host is not refused for it. */
const hello: Decoder<HelloFields> = (value, path) => {
  const { timeZone, ...rest } = helloFields(value, path);
  return isTimeZone(timeZone) ? { ...rest, timeZone } : rest;
};
type HelloFields = Omit<Decoded<typeof helloFields>, "timeZone"> & { readonly timeZone?: string };

const heartbeatFields = {
  sentAt: parse.integer(),
  cpu: parse.number({ min: 0, max: 1 }),
  memoryUsed: parse.integer(),
  memoryTotal: parse.integer(),
  diskFree: parse.integer(),
  diskTotal: parse.integer(),
  uptime: parse.integer(),
};
const heartbeat = parse.object({ ...heartbeatFields, policy: parse.optional(policy) });

const progress = parse.object({
  targetId: idDecoder,
  stage: parse.oneOf(["downloading", "verifying", "staging", "restarting"]),
  receivedBytes: parse.integer(),
  totalBytes: parse.integer(),
});

const outcomeFields = parse.object({
  targetId: idDecoder,
  product: nameDecoder,
  result: parse.oneOf(["healthy", "failed", "rolled_back"]),
  survivingVersion: emptyAsNull(versionDecoder),
  fromVersion: emptyAsNull(versionDecoder),
  toVersion: versionDecoder,
  code: emptyAsNull(
    parse.string({ max: 64, pattern: /^[A-Z][A-Z0-9_]*$/, what: "the form of an error code" }),
  ),
  message: parse.string({ max: 4096 }),
  outputTail: parse.string({ max: OUTPUT_TAIL_MAX }),
  endedAt: parse.integer(),
  downtimeMs: parse.optional(parse.integer()),
});

const outcome: Decoder<Outcome> = (value, path) => {
  const fields = outcomeFields(value, path);
  if ((fields.code === null) !== (fields.result === "healthy")) {
    parse.reject("code", "must be there exactly when it is not healthy");
  }
  return {
    schema: 1,
    ...fields,
    ...known(fields.code, fields.message),
    downtimeMs: fields.downtimeMs ?? null,
  };
};

/** A host may be newer than the gateway and know codes that it does not: the outcome counts all the same. */
function known(
  code: string | null,
  message: string,
): { readonly code: ErrorCode | null; readonly message: string } {
  if (code === null || isErrorCode(code)) return { code, message };
  return { code: "INTERNAL_UNEXPECTED", message: `${code}: ${message}`.slice(0, 4096) };
}

const commandResult = parse.object({
  commandId: idDecoder,
  ok: parse.boolean,
  output: parse.string({ max: COMMAND_OUTPUT_MAX }),
});

/** What an agent says of itself first. */
export type HelloReport = parse.Decoded<typeof hello>;
export type HeartbeatReport = parse.Decoded<typeof heartbeat>;
export type ProgressReport = parse.Decoded<typeof progress>;
export type CommandReport = parse.Decoded<typeof commandResult>;

/** A message of an agent, every field within its limits. */
export type AgentReport =
  | { readonly kind: "hello"; readonly hello: HelloReport }
  | { readonly kind: "heartbeat"; readonly heartbeat: HeartbeatReport }
  | { readonly kind: "progress"; readonly progress: ProgressReport }
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  | { readonly kind: "command_result"; readonly result: CommandReport };

const report: Decoder<AgentReport | null> = (value, path) => {
  const { body } = value as AgentMessage;
  switch (body?.$case) {
    case "hello":
      return { kind: "hello", hello: hello(body.value, join(path, "hello")) };
    case "heartbeat":
      return { kind: "heartbeat", heartbeat: heartbeat(body.value, join(path, "heartbeat")) };
    case "progress":
      return { kind: "progress", progress: progress(body.value, join(path, "progress")) };
    case "outcome":
      return { kind: "outcome", outcome: outcome(body.value, join(path, "outcome")) };
    case "commandResult":
      return { kind: "command_result", result: commandResult(body.value, join(path, "command_result")) };
    case undefined:
      break;
  }
  return null;
};

const join = (path: string, name: string) => (path === "" ? name : `${path}.${name}`);

/** Reads one message of an agent; `AGENT_MESSAGE_INVALID`. Null for a kind that this version does not know. */
export function decodeAgentMessage(wire: Uint8Array): AgentReport | null {
  return readMessage(wire, AgentMessage, report);
}

export function encodeAgentMessage(message: AgentReport): Buffer {
  return buffer(AgentMessage.encode({ body: bodyOf(message) }).finish());
}

function bodyOf(message: AgentReport): NonNullable<AgentMessage["body"]> {
  switch (message.kind) {
    case "hello":
      return { $case: "hello", value: wireHello(message.hello) };
    case "heartbeat": {
      const { policy: changed, ...fields } = message.heartbeat;
      return { $case: "heartbeat", value: { ...fields, policy: changed && wirePolicy(changed) } };
    }
    case "progress":
      return { $case: "progress", value: { ...message.progress } };
    case "outcome":
      return { $case: "outcome", value: wireOutcome(message.outcome) };
    case "command_result":
      break;
  }
  return { $case: "commandResult", value: { ...message.result } };
}

function wireHello(from: HelloReport) {
  return {
    ...from,
    labels: { ...from.labels },
    capabilities: [...from.capabilities],
    policy: wirePolicy(from.policy),
    targetId: from.targetId ?? "",
    recovery: from.recovery && { ...from.recovery },
    timeZone: from.timeZone ?? "",
  };
}

/** A policy that allows no channel at all has no form of its own on the wire: it is one that allows no updates. */
function wirePolicy(from: LocalPolicy): WirePolicy {
  return {
    updates: from.updates && from.channels?.length !== 0,
    channels: [...(from.channels ?? [])],
    minimumVersion: from.minimumVersion ?? "",
    maintenance: from.maintenance,
  };
}

function wireOutcome(from: Outcome) {
  return {
    ...from,
    survivingVersion: from.survivingVersion ?? "",
    fromVersion: from.fromVersion ?? "",
    code: from.code ?? "",
    downtimeMs: from.downtimeMs ?? undefined,
  };
}
