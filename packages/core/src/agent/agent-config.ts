import { object, optional, record, reject, string, type Decoder } from "../parse/decode.ts";
import { nameDecoder } from "../release/manifest.ts";
import { idDecoder } from "../update/handoff.ts";

/** Labels an agent brings: at most 64, each key and value short. */
export const labelKeyDecoder = string({
  min: 1,
  max: 63,
  pattern: /^[A-Za-z0-9][A-Za-z0-9._/-]*$/,
  what: "letters, digits and . _ / -",
});
export const labelValueDecoder = string({
  max: 128,
  // A space at an end could not be asked for in a label expression.
  pattern: /^(?! )[A-Za-z0-9._/:@ -]*(?<! )$/,
  what: "letters, digits and . _ / : @ -, and no space at either end",
});
export const labelsDecoder = record(labelKeyDecoder, labelValueDecoder, { max: 64 });

/**
 * The `muster` member of `config/agent.json`, written by `muster-agent enroll`. The file's other members are the
 * product's own; Muster keeps them as they are.
 */
export interface AgentConfig {
  readonly agentId: string;
  readonly product: string;
  /** `host:port` of the gateway. */
  readonly gateway: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** The host's name for people, where it is not the operating system's. */
  readonly hostname?: string;
}

/** A host's name for people. */
export const hostnameDecoder = string({
  min: 1,
  max: 253,
  pattern: /^[\p{L}\p{N}._ -]+$/u,
  what: "letters, digits and . _ - and spaces",
});

const addressText = string({
  min: 3,
  max: 261,
  pattern: /^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/,
  what: "the form host:port",
});

export const gatewayAddressDecoder: Decoder<string> = (value, path) => {
  const address = addressText(value, path);
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  return port >= 1 && port <= 65_535 ? address : reject(path, "must have a port between 1 and 65535");
};

const sectionDecoder: Decoder<AgentConfig> = object({
  agentId: idDecoder,
  product: nameDecoder,
  gateway: gatewayAddressDecoder,
  labels: optional(labelsDecoder),
  hostname: optional(hostnameDecoder),
});

/** Decodes Muster's member of the whole `agent.json`; other members are not looked at. */
export const agentConfigDecoder: Decoder<AgentConfig> = (value, path) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) reject(path, "must be an object");
  return sectionDecoder("muster" in value ? value.muster : undefined, "muster");
};
