import {
  agentConfigDecoder,
  gatewayAddressDecoder,
  MusterError,
  parse,
  type AgentConfig,
  type HostLayout,
} from "@muster/core";
import { readSmallText } from "../fs/reading.ts";
import type { GatewayAddress } from "../ports.ts";

const AGENT_CONFIG_MAX_BYTES = 1024 * 1024;
const CA_MAX_BYTES = 65_536;

const backedUpGateway = parse.object({
  schema: parse.literal(1),
  address: gatewayAddressDecoder,
  ca: parse.string({ min: 1, max: CA_MAX_BYTES }),
});

/** Muster's member of the agent's configuration; null if there is none that can be read. */
export function readAgentConfig({ agentConfig }: Pick<HostLayout, "agentConfig">): AgentConfig | null {
  return unlessUnreadable(() => {
    const text = readSmallText(agentConfig, { maxBytes: AGENT_CONFIG_MAX_BYTES, followLink: true });
    return text === null ? null : parse.decodeJson(agentConfigDecoder, text, "AGENT_CONFIG_INVALID");
  });
}

/** The gateway the agent is to connect to now, and what vouches for it; null if the host has not enrolled. */
export function gatewayOf(layout: Pick<HostLayout, "agentConfig" | "identity">): GatewayAddress | null {
  const config = readAgentConfig(layout);
  const ca = unlessUnreadable(() => readSmallText(`${layout.identity}/ca.pem`, { maxBytes: CA_MAX_BYTES }));
  return config === null || ca === null ? null : { address: config.gateway, ca };
}

/** The gateway as a backup has it: what the version before was connected to, which the new one cannot have changed. */
export function gatewayInBackup(folder: string): GatewayAddress | null {
  return unlessUnreadable(() => {
    const text = readSmallText(`${folder}/gateway.json`, { maxBytes: 2 * CA_MAX_BYTES });
    if (text === null) return null;
    const { address, ca } = parse.decodeJson(backedUpGateway, text, "AGENT_CONFIG_INVALID");
    return { address, ca };
  });
}

function unlessUnreadable<T>(read: () => T | null): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof MusterError) return null;
    throw error;
  }
}
