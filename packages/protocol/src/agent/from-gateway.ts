import { idDecoder, MANIFEST_MAX_BYTES, parse, type Decoder } from "@muster/core";
import { GatewayMessage } from "./gen/muster/agent/v1/agent.ts";
import { buffer, bytes, readMessage } from "./wire.ts";

const HOUR_MS = 3_600_000;

const welcome = parse.object({
  sentAt: parse.integer(),
  heartbeatIntervalMs: parse.integer({ min: 100, max: HOUR_MS }),
});

const assign = parse.object({
  assignment: bytes({ min: 2, max: 16_384 }),
  assignmentSignature: bytes({ min: 64, max: 64 }),
  manifest: bytes({ min: 2, max: MANIFEST_MAX_BYTES }),
  manifestSignatures: bytes({ min: 2, max: 65_536 }),
  // It is joined to the gateway's address: it must not be able to name another host.
  downloadPath: parse.string({
    max: 256,
    pattern: /^(?:\/[A-Za-z0-9_-]+)+$/,
    what: "the form of a plain path",
  }),
});

const cancel = parse.object({ targetId: idDecoder });
const configurationChanged = parse.object({ revision: parse.integer() });
const command = parse.object({
  commandId: idDecoder,
  name: parse.string({ min: 1, max: 32, pattern: /^[a-z][a-z_]*$/, what: "lower-case letters and _" }),
  arguments: parse.record(parse.string({ min: 1, max: 64 }), parse.string({ max: 1024 }), { max: 16 }),
});
const reconnect = parse.object({ delayMs: parse.integer({ max: HOUR_MS }) });
const acknowledged = parse.object({ targetId: idDecoder });

export type WelcomeOrder = parse.Decoded<typeof welcome>;
export type AssignOrder = parse.Decoded<typeof assign>;
export type CommandOrder = parse.Decoded<typeof command>;

/** A message of the gateway, every field within its limits; nothing in an `assign` is verified yet. */
export type GatewayOrder =
  | ({ readonly kind: "welcome" } & WelcomeOrder)
  | ({ readonly kind: "assign" } & AssignOrder)
  | { readonly kind: "cancel"; readonly targetId: string }
  | { readonly kind: "configuration_changed"; readonly revision: number }
  | ({ readonly kind: "command" } & CommandOrder)
  | { readonly kind: "reconnect"; readonly delayMs: number }
  | { readonly kind: "outcome_acknowledged"; readonly targetId: string };

const order: Decoder<GatewayOrder | null> = (value) => {
  const { body } = value as GatewayMessage;
  switch (body?.$case) {
    case "welcome":
      return { kind: "welcome", ...welcome(body.value, "welcome") };
    case "assign":
      return { kind: "assign", ...assign(body.value, "assign") };
    case "cancel":
      return { kind: "cancel", ...cancel(body.value, "cancel") };
    case "configurationChanged":
      return { kind: "configuration_changed", ...configurationChanged(body.value, "configuration_changed") };
    case "command":
      return { kind: "command", ...command(body.value, "command") };
    case "reconnect":
      return { kind: "reconnect", ...reconnect(body.value, "reconnect") };
    case "outcomeAcknowledged":
      return { kind: "outcome_acknowledged", ...acknowledged(body.value, "outcome_acknowledged") };
    case undefined:
      break;
  }
  return null;
};

/** Reads one message of the gateway; `AGENT_MESSAGE_INVALID`. Null for a kind that this version does not know. */
export function decodeGatewayMessage(wire: Uint8Array): GatewayOrder | null {
  return readMessage(wire, GatewayMessage, order);
}

export function encodeGatewayMessage(message: GatewayOrder): Buffer {
  return buffer(GatewayMessage.encode({ body: bodyOf(message) }).finish());
}

function bodyOf(message: GatewayOrder): NonNullable<GatewayMessage["body"]> {
  switch (message.kind) {
    case "welcome":
      return { $case: "welcome", value: message };
    case "assign":
      return {
        $case: "assign",
        value: {
          assignment: buffer(message.assignment),
          assignmentSignature: buffer(message.assignmentSignature),
          manifest: buffer(message.manifest),
          manifestSignatures: buffer(message.manifestSignatures),
          downloadPath: message.downloadPath,
        },
      };
    case "cancel":
      return { $case: "cancel", value: message };
    case "configuration_changed":
      return { $case: "configurationChanged", value: message };
    case "command":
      return { $case: "command", value: { ...message, arguments: { ...message.arguments } } };
    case "reconnect":
      return { $case: "reconnect", value: message };
    case "outcome_acknowledged":
      break;
  }
  return { $case: "outcomeAcknowledged", value: message };
}
