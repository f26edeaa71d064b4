import { hostname } from "node:os";

/** The host's name as the wire takes it. */
export function agentHostname(): string {
  const name = hostname().replaceAll(/[^\p{L}\p{N}._ -]/gu, "-");
  return name.slice(0, 253) || "unnamed";
}
